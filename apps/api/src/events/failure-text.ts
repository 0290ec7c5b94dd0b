const longest = 500;

/** Why something failed, as one line that fits into `last_error`: NUL, for one, cannot be stored. */
export function failureText(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return (
    message
      .replaceAll(/\p{Cc}+/gu, ' ')
      .slice(0, longest)
      .toWellFormed() || 'failed'
  );
}
