import { parsePgbench, pgbenchScript } from './pgbench-script.mjs';

const script = (statements, variables = []) => pgbenchScript({ statements, variables, settings: [] });

describe('pgbenchScript', () => {
  it('sets its variables, then issues the statements in their order, each ended', () => {
    const statements = [
      { text: '\n  SELECT 1', parameters: [], types: [] },
      { text: 'SELECT 2\n', parameters: [], types: [] },
    ];
    expect(pgbenchScript({ statements, variables: [], settings: ['user random(1, 9)'] })).toBe(
      '\\set user random(1, 9)\nSELECT 1;\nSELECT 2;\n',
    );
  });

  it('puts in what varies, and the recorded value for the rest', () => {
    const statement = {
      text: 'SELECT place($1, $2, $3, $4)',
      parameters: ['4711', null, "it's", '99'],
      types: ['bigint', 'text', 'text', 'integer'],
    };
    const variables = [{ value: '4711', expression: ':user' }];
    expect(script([statement], variables)).toBe("SELECT place((:user)::bigint, NULL::text, ('it''s')::text, ('99')::integer);\n");
  });

  it('puts it into arrays element by element, so that no number is taken for a part of another', () => {
    const statement = { text: 'SELECT $1', parameters: ['{"9997","19997"}'], types: ['bigint[]'] };
    expect(script([statement], [{ value: '9997', expression: ':a' }])).toBe("SELECT ARRAY[:a, '19997']::bigint[];\n");
  });

  it('puts texts that differ into longer ones, numbers only as a whole', () => {
    const statement = { text: 'SELECT $1', parameters: ['{"number":"TM-1","price":"12"}'], types: ['jsonb'] };
    const variables = [
      { value: 'TM-1', expression: "'TM-' || :n", isText: true },
      { value: '12', expression: ':user' },
    ];
    expect(script([statement], variables)).toBe(
      `SELECT (replace('{"number":"TM-1","price":"12"}', 'TM-1', ('TM-' || :n)::text))::jsonb;\n`,
    );
  });

  it('hides from pgbench what looks like a variable inside of a literal', () => {
    const statement = { text: 'SELECT $1', parameters: ['C:\\a 12:30'], types: ['text'] };
    expect(script([statement])).toBe(`SELECT (E'C\\x3a\\\\a 12\\x3a30')::text;\n`);
  });

  it('leaves casts alone and refuses what pgbench would take for a variable', () => {
    expect(script([{ text: 'SELECT 1::bigint', parameters: [], types: [] }])).toBe('SELECT 1::bigint;\n');
    expect(() => script([{ text: 'SELECT a[1:n]', parameters: [], types: [] }])).not.toThrow();
    expect(() => script([{ text: 'SELECT :name', parameters: [], types: [] }])).toThrow('pgbench would misread');
  });
});

describe('parsePgbench', () => {
  it('reads transactions, failures and rate', () => {
    const output = `scaling factor: 1
number of transactions actually processed: 3671
number of failed transactions: 2 (0.054%)
latency average = 10.9 ms
initial connection time = 22.1 ms
tps = 917.345678 (without initial connection time)`;
    expect(parsePgbench(output)).toEqual({ transactions: 3671, failed: 2, perSecond: 917.345678 });
  });

  it('fails for any other text', () => {
    expect(() => parsePgbench('pgbench: error: connection refused')).toThrow('told no figures');
  });
});
