// Runs the SQL statements that come as a JSON array on standard input with
// DuckDB and writes an array with the rows of each, all values as text.
const { DuckDBInstance } = require('@duckdb/node-api');

async function main() {
  process.stdin.setEncoding('utf8'); // or a character may be cut in two
  let input = '';
  for await (const part of process.stdin) input += part;
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const answers = [];
  for (const sql of JSON.parse(input)) {
    try {
      const reader = await connection.runAndReadAll(sql);
      answers.push(reader.getRowsJson());
    } catch (error) {
      throw new Error(`${sql}\n${error.message}`);
    }
  }
  connection.closeSync();
  process.stdout.write(JSON.stringify(answers));
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
