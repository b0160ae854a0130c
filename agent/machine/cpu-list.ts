/** More CPUs than any kernel has: a list that names more is none. */
const MOST_CPUS = 1 << 16;

/**
 * The CPUs that a list such as `0-3,8` names, ascending as the kernel writes them; none if it is no
 * such list. https://docs.kernel.org/admin-guide/cputopology.html
 */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const range of text.trim().split(",")) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined || Number(last) >= MOST_CPUS) return [];
    // Each once: a list that goes back is none.
    if (Number(first) <= (cpus.at(-1) ?? -1) || Number(first) > Number(last)) return [];
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.push(cpu);
  }
  return cpus;
}
