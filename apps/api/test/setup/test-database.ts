export { createTestDatabase, type TestDatabase } from '../../../../libs/database/test/databases.js';
