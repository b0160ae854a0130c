/** From which release on every client of a runtime gets every event. */
const BROADCASTING: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  containerd: [2, 0],
  "cri-o": [1, 28],
};

/**
 * Whether the stream of events is for every client. Before, each event went to one client only, and
 * who listened beside the kubelet took events away from it:
 * https://github.com/containerd/containerd/issues/7318, https://github.com/cri-o/cri-o/issues/6466.
 */
export function isBroadcasting(runtime: string, version: string): boolean {
  const since = BROADCASTING[runtime];
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (since === undefined || minor === undefined) return false;
  return Number(major) > since[0] || (Number(major) === since[0] && Number(minor) >= since[1]);
}
