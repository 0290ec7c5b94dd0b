import type { MigrationInterface, QueryRunner } from 'typeorm';

// An order that is on its way when its buyer's data is erased still has to arrive: its addresses go when it is done. The buyer's row is
// locked against the erasure itself, so that one of the two always sees the other.
const eraseAddresses = `
  CREATE FUNCTION erase_order_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM FROM users WHERE id = NEW.user_id AND erased_at IS NOT NULL FOR SHARE;
    IF FOUND THEN
      NEW.shipping_address := '(erased)';
      NEW.billing_address := '(erased)';
      NEW.notes := NULL;
    END IF;
    RETURN NEW;
  END $$`;

const trigger = `
  CREATE TRIGGER orders_erase_addresses BEFORE UPDATE OF status ON orders
    FOR EACH ROW WHEN (NEW.status IN ('delivered', 'cancelled') AND OLD.status <> NEW.status) EXECUTE FUNCTION erase_order_addresses()`;

export class ErasedAccounts1795478400016 implements MigrationInterface {
  readonly name = 'ErasedAccounts1795478400016';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN erased_at timestamptz');
    await runner.query(eraseAddresses);
    await runner.query(trigger);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER orders_erase_addresses ON orders');
    await runner.query('DROP FUNCTION erase_order_addresses()');
    await runner.query('ALTER TABLE users DROP COLUMN erased_at');
  }
}
