import type { EntityManager } from 'typeorm';

type Definition = { readonly drop: string; readonly create: string };

// Names are quoted by the server; nothing here comes from outside the catalogue.
const foreignKeys = `
  SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
         format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS create
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY conrelid, conname`;

const plainIndexes = `
  SELECT format('DROP INDEX %s', indexrelid::regclass) AS drop, pg_get_indexdef(indexrelid) AS create
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
   WHERE relnamespace = current_schema()::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
   ORDER BY relname`;

/** Every table of the application, quoted. */
export async function tableNames(manager: EntityManager): Promise<string[]> {
  const rows = await manager.query<{ name: string }[]>(`
    SELECT oid::regclass::text AS name FROM pg_class
     WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname <> 'migrations' ORDER BY relname`);
  return rows.map((row) => row.name);
}

/**
 * Runs `load` without triggers, foreign keys and secondary indexes, then puts them back: an index is built, and a key checked, in one
 * pass over the table instead of row by row. All of it belongs to the caller's transaction, which nobody else sees.
 */
export async function bulkLoad(manager: EntityManager, tables: readonly string[], load: () => Promise<void>): Promise<void> {
  const removed: Definition[] = [...(await manager.query<Definition[]>(plainIndexes)), ...(await manager.query<Definition[]>(foreignKeys))];
  await runAll(manager, [
    ...removed.map((definition) => definition.drop),
    ...tables.map((table) => `ALTER TABLE ${table} DISABLE TRIGGER USER`),
  ]);
  await load();
  await runAll(manager, [
    ...tables.map((table) => `ALTER TABLE ${table} ENABLE TRIGGER USER`),
    ...removed.map((definition) => definition.create),
  ]);
}

async function runAll(manager: EntityManager, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await manager.query(statement);
}
