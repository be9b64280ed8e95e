// Runs the SQL statements that come as a JSON array on standard input with
// DuckDB or ClickHouse, as the argument says, and writes an array with the rows
// of each. A statement that fails gives an object with the error.
async function duckdb() {
  const { DuckDBInstance } = require('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  return async (sql) => (await connection.runAndReadAll(sql)).getRowsJson();
}

async function clickhouse() {
  const { Query } = require('@chdb/lib-linux-x64-gnu');
  const settings = ' SETTINGS max_threads = 1, input_format_parquet_preserve_order = 1, output_format_json_quote_64bit_integers = 1';
  return async (sql) => JSON.parse(Query(sql + settings, 'JSONCompact')).data;
}

async function main() {
  process.stdin.setEncoding('utf8'); // or a character may be cut in two
  let input = '';
  for await (const part of process.stdin) input += part;
  const run = await { duckdb, clickhouse }[process.argv[2]]();
  const answers = [];
  for (const sql of JSON.parse(input)) {
    try {
      answers.push(await run(sql));
    } catch (error) {
      answers.push({ error: String(error.message) });
    }
  }
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
