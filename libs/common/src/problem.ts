/** One invalid place of the input: an RFC 6901 JSON pointer (`/items/0/quantity`, `/query/page`) and what is wrong with it. */
export interface ProblemItem {
  readonly pointer: string;
  readonly message: string;
}

export interface ProblemOptions {
  readonly errors?: readonly ProblemItem[];
  /** Extension members (RFC 9457 section 3.2); they appear beside the standard ones. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Answer headers, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

const typeBase = 'https://techmart.dev/problems/';

/**
 * The one error that reaches a client, in the terms of RFC 9457. `code` is the last part of `type`, an absolute and stable URI;
 * `title` is the same for every occurrence, `detail` tells this one. The detail of a status of 500 and above is not shown.
 */
export class Problem extends Error {
  readonly type: string;
  readonly errors: readonly ProblemItem[] | undefined;
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  // oxlint-disable-next-line max-params -- the members of RFC 9457, in its order
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string = title,
    options: ProblemOptions = {},
  ) {
    super(`${title}: ${detail}`, { cause: options.cause });
    this.name = 'Problem';
    this.type = typeBase + code;
    this.errors = options.errors;
    this.extensions = options.extensions ?? {};
    this.headers = options.headers ?? {};
  }
}
