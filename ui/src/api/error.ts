import * as z from 'zod/mini';
import { ErrorBody } from './schema';

/** Codes of the contract. */
const CODES = ['bad_request', 'forbidden', 'not_found', 'too_large', 'unsupported', 'overloaded', 'internal'] as const;

export type ErrorCode = (typeof CODES)[number] | 'unreachable' | 'malformed';

/** Where a query is wrong: line and column of the first wrong character, from 1, in characters. */
export interface Place {
  line: number;
  column: number;
}

/** A refused or failed request. `message` is the server's own where it sent one. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly status: number;
  /** Of a query that does not parse. */
  readonly place?: Place;

  constructor(code: ErrorCode, message: string, status = 0, cause?: unknown, place?: Place) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.place = place;
  }

  /** Whether asking again can help; a refusal stays a refusal. */
  get retryable(): boolean {
    return this.code === 'internal' || this.code === 'overloaded' || this.code === 'unreachable';
  }
}

const Body = z.object({ error: ErrorBody });

/** An error as an answer or an event states it. */
export function statedError({ code, message, line, column }: z.infer<typeof ErrorBody>, status: number): ApiError {
  const known = CODES.find((own) => own === code) ?? (status < 500 ? 'bad_request' : 'internal');
  return new ApiError(known, message, status, undefined, line && column ? { line, column } : undefined);
}

/** The error that a response with a failing status stands for. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const parsed = Body.safeParse(parseJson(text));
  if (parsed.success) return statedError(parsed.data.error, response.status);
  const code = response.status === 404 ? 'not_found' : response.status < 500 ? 'bad_request' : 'internal';
  const said = text.trim().slice(0, 200) || response.statusText || 'no message';
  return new ApiError(code, `HTTP ${response.status}: ${said}`, response.status);
}

/** What went wrong before any response came. */
export function unreachable(cause: unknown): ApiError {
  return new ApiError('unreachable', 'heddle did not answer. Is the process running, and reachable from this browser?', 0, cause);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
