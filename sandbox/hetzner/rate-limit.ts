/** Hetzner's limit: 3600 requests an hour and project, one comes back every second. */
const most = 3600;

export function rateLimit(clock: () => number) {
  let left = most;
  let at = clock();
  const refill = () => {
    const now = clock();
    left = Math.min(most, left + (now - at) / 1000);
    at = now;
  };
  return {
    /** Takes one request; false when there is none left. */
    spend: (): boolean => {
      refill();
      if (left < 1) return false;
      left -= 1;
      return true;
    },
    /** All of an hour's are back. */
    reset: (): void => {
      left = most;
    },
    headers: () => ({
      "ratelimit-limit": String(most),
      "ratelimit-remaining": String(Math.floor(left)),
      "ratelimit-reset": String(Math.ceil(at / 1000 + most - left)),
    }),
  };
}
