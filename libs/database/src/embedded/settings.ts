/** The database that is made in a cluster unless another name is given. */
export const defaultDatabase = 'techmart';

/** Server settings for one machine that also runs the application: safe on power loss, generous with memory, quick to plan. */
export const defaultSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '2GB',
  checkpoint_completion_target: '0.9',
  random_page_cost: '1.1',
  effective_io_concurrency: '100',
  // Plans here are short; compiling them costs more than it saves.
  jit: 'off',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_duration_statement: '-1',
};

/** `-c name=value` for each, as one string for `pg_ctl -o`. Values hold no quotes. */
export function asOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value === '' ? "''" : `'${value}'`}`)
    .join(' ');
}
