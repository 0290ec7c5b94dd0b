export interface OrderHour {
  readonly startsAt: string;
  readonly seconds: number;
  readonly firstId: number;
  readonly orders: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DAYS = 90;

/** Relative volume by hour of the day (UTC): quiet nights, a rise through the day, a peak at 20:00. */
const byHour = [8, 5, 3, 2, 2, 3, 6, 11, 17, 22, 26, 29, 32, 31, 29, 29, 31, 36, 45, 56, 62, 55, 36, 18];
/** Today has this share of all orders at least, so that it is not empty in the minutes after midnight. */
const TODAY_AT_LEAST = 0.002;

const dayVolume = (daysAgo: number) => 0.6 + 0.8 * (1 - daysAgo / (DAYS - 1));

/**
 * Shares `total` orders out over the hours of the last 90 days, rising from day to day, none later than `now`. Ids run on in order
 * of time. The last hour is cut at `now`; where that leaves nothing of it, its orders all happen at that instant.
 */
export function orderHours(total: number, now: Date): OrderHour[] {
  const today = Math.floor(now.getTime() / DAY) * DAY;
  const hours: { start: number; length: number; weight: number }[] = [];
  for (let start = today - (DAYS - 1) * DAY; start <= now.getTime(); start += HOUR) {
    const length = Math.min(HOUR, now.getTime() - start);
    const volume = byHour[new Date(start).getUTCHours()] ?? 0;
    hours.push({ start, length, weight: volume * dayVolume(Math.ceil((today - start) / DAY)) * (length / HOUR) });
  }
  const first = hours.find((hour) => hour.start === today);
  if (first) first.weight += hours.reduce((sum, hour) => sum + hour.weight, 0) * TODAY_AT_LEAST;
  return share(total, hours);
}

function share(total: number, hours: readonly { start: number; length: number; weight: number }[]): OrderHour[] {
  const weight = hours.reduce((sum, hour) => sum + hour.weight, 0);
  let passed = 0;
  let given = 0;
  return hours.map((hour) => {
    passed += hour.weight;
    const until = Math.min(total, Math.round((total * passed) / weight));
    const row = { startsAt: new Date(hour.start).toISOString(), seconds: hour.length / 1000, firstId: given + 1, orders: until - given };
    given = until;
    return row;
  });
}
