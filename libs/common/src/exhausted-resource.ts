const resources: Readonly<Record<string, 'disk' | 'memory'>> = { '53100': 'disk', '53200': 'memory' };
export const exhaustibleResources = Object.values(resources);

/** What a database server has run out of, by the SQLSTATE of the statement that it refused for it. */
export const exhaustedResource = (sqlState: unknown): 'disk' | 'memory' | undefined => resources[String(sqlState)];
