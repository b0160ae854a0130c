/** In so many parts the time is waited for. */
const PARTS = 8;

/**
 * Calls back after so many milliseconds in which this program has run; gives back what calls it off. A
 * plain timer that was due while the program stood still would end before what has come meanwhile is
 * read: whoever is waited for would be blamed for it. Of such a stretch only a part is counted.
 */
export function patience(milliseconds: number, isOver: () => void): () => void {
  const part = milliseconds / PARTS;
  let left = PARTS;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(() => {
      left--;
      if (left > 0) wait();
      else isOver();
    }, part);
  };
  wait();
  return () => clearTimeout(timer);
}
