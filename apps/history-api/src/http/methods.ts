/** Returns the methods of a path, as a list for headers. Messages can also be changed (P73). */
export function methodsOf(path: string): string {
  return path.startsWith("/message/") ? "GET, HEAD, PATCH, DELETE" : "GET, HEAD";
}
