/** What takes a header of the answer, its name in lower case; a second value replaces the first. A Fastify reply is one. */
export interface HeaderSink {
  header(name: string, value: string | number): unknown;
}
