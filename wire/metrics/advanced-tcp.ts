import type { Series } from "./metric.ts";

/** What the kernel counts of TCP and cAdvisor shows, by the kernel's names: `Tcp` in `net/snmp`, `TcpExt` in `net/netstat`. */
export const ADVANCED_TCP_COUNTERS: readonly string[] = `
  RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab
  InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors EmbryonicRsts SyncookiesSent
  SyncookiesRecv SyncookiesFailed PruneCalled RcvPruned OfoPruned OutOfWindowIcmps
  LockDroppedIcmps TW TWRecycled TWKilled TCPTimeWaitOverflow TCPTimeouts TCPSpuriousRTOs
  TCPLossProbes TCPLossProbeRecovery TCPRenoRecoveryFail TCPSackRecoveryFail TCPRenoFailures
  TCPSackFailures TCPLossFailures DelayedACKs DelayedACKLocked DelayedACKLost ListenOverflows
  ListenDrops TCPHPHits TCPPureAcks TCPHPAcks TCPRenoRecovery TCPSackRecovery TCPSACKReneging
  TCPFACKReorder TCPSACKReorder TCPRenoReorder TCPTSReorder TCPFullUndo TCPPartialUndo
  TCPDSACKUndo TCPLossUndo TCPFastRetrans TCPSlowStartRetrans TCPLostRetransmit TCPRetransFail
  TCPRcvCollapsed TCPDSACKOldSent TCPDSACKOfoSent TCPDSACKRecv TCPDSACKOfoRecv TCPAbortOnData
  TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout TCPAbortOnLinger TCPAbortFailed
  TCPMemoryPressures TCPMemoryPressuresChrono TCPSACKDiscard TCPDSACKIgnoredOld
  TCPDSACKIgnoredNoUndo TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPSackShifted
  TCPSackMerged TCPSackShiftFallback TCPBacklogDrop PFMemallocDrop TCPMinTTLDrop
  TCPDeferAcceptDrop IPReversePathFilter TCPReqQFullDoCookies TCPReqQFullDrop TCPFastOpenActive
  TCPFastOpenActiveFail TCPFastOpenPassive TCPFastOpenPassiveFail TCPFastOpenListenOverflow
  TCPFastOpenCookieReqd TCPSynRetrans TCPOrigDataSent PAWSActive PAWSEstab
`
  .trim()
  .split(/\s+/);

/** The same as cAdvisor's label `tcp_state` has them. */
export const ADVANCED_TCP_STATES: readonly string[] = ADVANCED_TCP_COUNTERS.map((name) =>
  name.toLowerCase(),
);

/** TCP of one network namespace in detail. */
export const advancedTcpSeries: readonly Series[] = [
  {
    type: "gauge",
    group: "advtcp",
    scale: 1,
    family: {
      name: "container_network_advance_tcp_stats_total",
      help: "What the kernel counts of TCP, since the network was made.",
    },
    per: ["tcp_state"],
  },
];
