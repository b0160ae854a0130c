// Takes three huge pages of 2 MB, is refused five more, and stops itself.
import koffi from "./app/node_modules/koffi/index.js";

const libc = koffi.load("libc.so.6");
const mmap = libc.func("intptr_t mmap(intptr_t, size_t, int, int, int, long)");
const memset = libc.func("intptr_t memset(intptr_t, int, size_t)");

const SIZE = 2 << 20;
const READ_WRITE = 3;
// MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB
const HUGE = 0x02 | 0x20 | 0x40000;

const taken = mmap(0, 3 * SIZE, READ_WRITE, HUGE, -1, 0);
memset(taken, 1, 2 * SIZE);
const refused = mmap(0, 5 * SIZE, READ_WRITE, HUGE, -1, 0);
console.log(`huge pages: ${taken}, then ${refused}`);
process.kill(process.pid, "SIGSTOP");
