import type { Series } from "./metric.ts";

/** Counters of TCP by cAdvisor's names: the kernel's (`Tcp` in `net/snmp`, `TcpExt` in `net/netstat`) in lower case. */
export const ADVANCED_TCP_STATES: readonly string[] = `
  rtoalgorithm rtomin rtomax maxconn activeopens passiveopens attemptfails estabresets currestab
  insegs outsegs retranssegs inerrs outrsts incsumerrors embryonicrsts syncookiessent
  syncookiesrecv syncookiesfailed prunecalled rcvpruned ofopruned outofwindowicmps
  lockdroppedicmps tw twrecycled twkilled tcptimewaitoverflow tcptimeouts tcpspuriousrtos
  tcplossprobes tcplossproberecovery tcprenorecoveryfail tcpsackrecoveryfail tcprenofailures
  tcpsackfailures tcplossfailures delayedacks delayedacklocked delayedacklost listenoverflows
  listendrops tcphphits tcppureacks tcphpacks tcprenorecovery tcpsackrecovery tcpsackreneging
  tcpfackreorder tcpsackreorder tcprenoreorder tcptsreorder tcpfullundo tcppartialundo
  tcpdsackundo tcplossundo tcpfastretrans tcpslowstartretrans tcplostretransmit tcpretransfail
  tcprcvcollapsed tcpdsackoldsent tcpdsackofosent tcpdsackrecv tcpdsackoforecv tcpabortondata
  tcpabortonclose tcpabortonmemory tcpabortontimeout tcpabortonlinger tcpabortfailed
  tcpmemorypressures tcpmemorypressureschrono tcpsackdiscard tcpdsackignoredold
  tcpdsackignorednoundo tcpmd5notfound tcpmd5unexpected tcpmd5failure tcpsackshifted
  tcpsackmerged tcpsackshiftfallback tcpbacklogdrop pfmemallocdrop tcpminttldrop
  tcpdeferacceptdrop ipreversepathfilter tcpreqqfulldocookies tcpreqqfulldrop tcpfastopenactive
  tcpfastopenactivefail tcpfastopenpassive tcpfastopenpassivefail tcpfastopenlistenoverflow
  tcpfastopencookiereqd tcpsynretrans tcporigdatasent pawsactive pawsestab
`
  .trim()
  .split(/\s+/);

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
