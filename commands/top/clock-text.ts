const two = (number: number): string => String(number).padStart(2, "0");

/** A time of this machine's zone as `14:03:22`, with the day before it if that is not the day of `now`; `-` if unknown. */
export function clockText(time: number, now: number = time): string {
  if (Number.isNaN(time)) return "-";
  const date = new Date(time);
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday ? clock : `${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}
