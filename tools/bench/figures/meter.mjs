/**
 * What the parties have used while `work` ran, in microseconds of processor time. `meters` are functions that give what each has used so
 * far, or undefined where nobody can tell.
 */
export async function metered(meters, work) {
  const before = await readAll(meters);
  const result = await work();
  const after = await readAll(meters);
  const cpu = Object.fromEntries(Object.keys(meters).map((name) => [name, after[name] - before[name]]));
  return { ...result, cpu };
}

async function readAll(meters) {
  const values = await Promise.all(Object.values(meters).map((read) => read()));
  return Object.fromEntries(Object.keys(meters).map((name, index) => [name, values[index] ?? NaN]));
}

/** Runs all candidates in turn, round after round, so that a disturbance falls on all of them alike. Gives the runs of each by its name. */
export async function inRounds(rounds, candidates, onRun) {
  const runs = Object.fromEntries(candidates.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, run } of candidates) {
      onRun?.(`round ${round} of ${rounds}: ${name}`);
      runs[name].push(await run(round));
    }
  }
  return runs;
}
