export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

async function ask(path: string, parameters: Record<string, string>): Promise<string> {
  const base = process.env['TECHMART_TEST_DATABASES'];
  if (base === undefined) throw new Error('run the tests through jest.config.cjs: its global setup hands out the databases');
  const answer = await fetch(`${base}${path}?${new URLSearchParams(parameters).toString()}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

/** A database of the caller's own: migrated, and at wish seeded at scale 0.01. A copy of a template, so it costs a fraction of a second. */
export async function createTestDatabase({ seeded }: { seeded: boolean }): Promise<TestDatabase> {
  const url = await ask('/create', { seeded: String(seeded) });
  return {
    url,
    drop: async () => {
      await ask('/drop', { url });
    },
  };
}

/** For tests that run the built program: builds it unless it is up to date. */
export async function ensureBuilt(): Promise<void> {
  await ask('/build', {});
}
