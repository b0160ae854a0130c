// Uses two seconds of CPU time, says how much it was, and rests.
const used = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
while (used() < 2_000_000) for (let turn = 0; turn < 100_000; turn++);
console.log(used());
setInterval(() => {}, 2 ** 31 - 1);
