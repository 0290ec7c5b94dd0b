import { orderHours } from './order-hours.js';

const now = new Date('2026-11-24T15:30:00Z');
const ordersOn = (hours: ReturnType<typeof orderHours>, day: string) =>
  hours.filter((hour) => hour.startsAt.startsWith(day)).reduce((sum, hour) => sum + hour.orders, 0);

describe('orderHours', () => {
  it('shares out every order, with ids that run on', () => {
    const hours = orderHours(100_000, now);
    let next = 1;
    for (const hour of hours) {
      expect(hour.firstId).toBe(next);
      next += hour.orders;
    }
    expect(next - 1).toBe(100_000);
  });

  it('begins 89 days before today and ends now', () => {
    const hours = orderHours(1000, now);
    expect(hours[0]?.startsAt).toBe('2026-08-27T00:00:00.000Z');
    expect(hours.at(-1)).toMatchObject({ startsAt: '2026-11-24T15:00:00.000Z', seconds: 1800 });
  });

  it('rises from day to day and peaks in the evening', () => {
    const hours = orderHours(100_000, now);
    expect(ordersOn(hours, '2026-11-23')).toBeGreaterThan(1.8 * ordersOn(hours, '2026-08-27'));
    const yesterday = hours.filter((hour) => hour.startsAt.startsWith('2026-11-23'));
    const busiest = yesterday.reduce((most, hour) => (hour.orders > most.orders ? hour : most));
    expect(busiest.startsAt).toBe('2026-11-23T20:00:00.000Z');
  });

  it('leaves today not empty in its first instant, and places nothing after it', () => {
    const hours = orderHours(100_000, new Date('2026-11-24T00:00:00Z'));
    expect(hours.at(-1)).toMatchObject({ startsAt: '2026-11-24T00:00:00.000Z', seconds: 0 });
    expect(ordersOn(hours, '2026-11-24')).toBeGreaterThanOrEqual(190);
    expect(ordersOn(hours, '2026-11-24')).toBeLessThanOrEqual(210);
  });
});
