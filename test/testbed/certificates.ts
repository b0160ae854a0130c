import { writeFile } from "node:fs/promises";
import path from "node:path";

import { runToEnd } from "./child.ts";
import { commandPath } from "./parts.ts";

/** Where `makeCertificates` has put a certificate and its key, PEM. */
export interface CertificateFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes an authority, and what it signs: certificates for a server at 127.0.0.1 and for a client. Valid for a day. */
export async function makeCertificates(
  folder: string,
): Promise<{ readonly server: CertificateFiles; readonly client: CertificateFiles }> {
  const ca = path.join(folder, "ca.pem");
  const caKey = path.join(folder, "ca-key.pem");
  const openssl = (...args: string[]): Promise<string> => runToEnd(commandPath("openssl"), args);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...newKey,
    "-days",
    "1",
    "-subj",
    "/CN=test authority",
    "-keyout",
    caKey,
    "-out",
    ca,
  );
  const sign = async (name: string, extensions: string): Promise<CertificateFiles> => {
    const [cert, key, request, more] = ["cert", "key", "request", "extensions"].map((kind) =>
      path.join(folder, `${name}-${kind}.pem`),
    ) as [string, string, string, string];
    await writeFile(more, extensions);
    await openssl("req", ...newKey, "-subj", `/CN=${name}`, "-keyout", key, "-out", request);
    await openssl(
      "x509",
      "-req",
      "-in",
      request,
      "-CA",
      ca,
      "-CAkey",
      caKey,
      "-CAcreateserial",
      "-days",
      "1",
      "-extfile",
      more,
      "-out",
      cert,
    );
    return { ca, cert, key };
  };
  return {
    server: await sign("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"),
    client: await sign(
      "client",
      "subjectAltName=DNS:client.test,URI:spiffe://test/client\nextendedKeyUsage=clientAuth\n",
    ),
  };
}
