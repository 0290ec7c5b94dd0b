export { createTestDatabase, ensureBuilt, type TestDatabase } from '../../../../libs/database/test/databases.js';
