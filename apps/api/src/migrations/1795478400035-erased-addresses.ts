import type { MigrationInterface, QueryRunner } from 'typeorm';

const body = (find: string): string => `
  CREATE OR REPLACE FUNCTION erase_order_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    erased timestamptz;
  BEGIN
    ${find}
    IF erased IS NOT NULL THEN
      NEW.shipping_address := '(erased)';
      NEW.billing_address := '(erased)';
      NEW.notes := NULL;
    END IF;
    RETURN NEW;
  END $$`;

// With the condition in the WHERE, a buyer who is being erased just then does not match and is not waited for: neither transaction saw
// the other, and the address stayed for ever. Without it the row is locked first and read afterwards.
const waiting = body('SELECT erased_at INTO erased FROM users WHERE id = NEW.user_id FOR SHARE;');
const before = body('SELECT erased_at INTO erased FROM users WHERE id = NEW.user_id AND erased_at IS NOT NULL FOR SHARE;');

export class ErasedAddresses1795478400035 implements MigrationInterface {
  readonly name = 'ErasedAddresses1795478400035';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(waiting);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(before);
  }
}
