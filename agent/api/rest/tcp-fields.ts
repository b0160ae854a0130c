/** Names of the fields of cAdvisor's TcpStat, in the order of `TCP_STATES`. */
export const TCP_FIELDS: readonly string[] = [
  "Established",
  "SynSent",
  "SynRecv",
  "FinWait1",
  "FinWait2",
  "TimeWait",
  "Close",
  "CloseWait",
  "LastAck",
  "Listen",
  "Closing",
];

/** Of its UdpStat, in the order of `UDP_STATES`. */
export const UDP_FIELDS: readonly string[] = ["Listen", "Dropped", "RxQueued", "TxQueued"];
