/**
 * An answer that is an error, as cAdvisor gives it: plain text, mostly with 500, whoever is to blame.
 */
export class RestError extends Error {
  readonly statusCode: number;

  constructor(message: string, statusCode: number = 500) {
    super(message);
    this.name = "RestError";
    this.statusCode = statusCode;
  }
}
