import { bindContext } from './bind-context.js';
import type { Callback } from './statement.js';

/** What the driver calls while a cursor or a `COPY` runs; its own classes for them keep to it. */
export interface Stream {
  readonly text?: string;
  submit(connection: unknown): void;
  handleCommandComplete?(message: { text?: string }, ...more: unknown[]): void;
  handleReadyForQuery(...parameters: unknown[]): void;
  handleError(error: Error, ...more: unknown[]): void;
}

export const isStream = (statement: unknown): statement is Stream =>
  typeof statement === 'object' && statement !== null && 'submit' in statement && typeof statement.submit === 'function';

/** Calls `finish` once, when the server has ended the stream or refused it, in the asynchronous context of this call. */
export function observeStream(stream: Stream, finish: Callback): void {
  const { handleCommandComplete, handleReadyForQuery, handleError } = stream;
  let rowCount = 0;
  let isOver = false;
  const end = bindContext<[Error | null]>((error) => {
    if (!isOver) finish(error, { rowCount });
    isOver = true;
  });
  stream.handleCommandComplete = (message, ...more) => {
    // `COPY 5`, `SELECT 3`: the last word is the number of rows.
    rowCount = Number(/\d+$/.exec(message.text ?? '')?.[0] ?? 0);
    handleCommandComplete?.call(stream, message, ...more);
  };
  stream.handleReadyForQuery = (...parameters) => {
    end(null);
    handleReadyForQuery.apply(stream, parameters);
  };
  stream.handleError = (error, ...more) => {
    end(error);
    handleError.call(stream, error, ...more);
  };
}
