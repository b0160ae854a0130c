/** Whether a store can be written to at this address: over HTTP, and without credentials in it. */
export function isWritableUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "http:" || protocol === "https:") && username === "" && password === "";
}
