import { CircuitBreaker, type CircuitState } from './circuit-breaker.js';

const later = (ms = 5) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the circuit breaker', () => {
  function open(probe: () => Promise<void> = async () => undefined, onChange: (state: CircuitState) => void = () => undefined) {
    const states: CircuitState[] = [];
    const breaker = new CircuitBreaker({
      failures: 3,
      probeMs: 1,
      settleMs: 1,
      probe,
      onChange: (state) => {
        states.push(state);
        onChange(state);
      },
    });
    return { breaker, states };
  }
  const until = async (holds: () => boolean) => {
    while (!holds()) await later(1);
  };

  it('opens after failures in a row, not after as many with a success between them', () => {
    const { breaker } = open(() => new Promise(() => undefined));
    for (const outcome of ['failed', 'failed', 'succeeded', 'failed', 'failed'] as const) breaker[outcome]();
    expect([breaker.state, breaker.openings]).toEqual(['closed', 0]);
    breaker.failed();
    breaker.failed();
    breaker.trip();
    expect([breaker.state, breaker.openings]).toEqual(['open', 1]);
    breaker.stop();
  });

  it('probes until one succeeds, settles, and closes', async () => {
    let probes = 0;
    const { breaker, states } = open(async () => {
      probes += 1;
      if (probes < 3) throw new Error('still away');
    });
    breaker.trip();
    await until(() => breaker.state === 'closed');
    expect([probes, states]).toEqual([3, ['open', 'settling', 'closed']]);
    breaker.failed();
    expect(breaker.state).toBe('closed');
  });

  it('opens again when it is tripped while it settles, even by who is told of it', async () => {
    let trips = 1;
    const { breaker, states } = open(undefined, (state) => {
      if (state === 'settling' && trips-- > 0) breaker.trip();
    });
    breaker.trip();
    await until(() => breaker.state === 'closed');
    expect(states).toEqual(['open', 'settling', 'open', 'settling', 'closed']);
  });

  it('does nothing any more once it is stopped', async () => {
    const { breaker, states } = open();
    breaker.trip();
    breaker.stop();
    breaker.trip();
    await later();
    expect(states).toEqual(['open']);
  });
});
