/** A path that differs; `undefined` on the side where there is none. Of a rename both are there, and differ. */
export interface ChangedPath {
  readonly before: string | undefined
  readonly after: string | undefined
}

/** Reads the output of `git diff` and its kind with `--name-status -z`. */
export function parseNameStatus(text: string): ChangedPath[] {
  const fields = text.split('\0')
  const paths: ChangedPath[] = []
  for (let at = 0; at + 1 < fields.length; at++) {
    const status = fields[at] ?? ''
    const path = fields[++at] ?? ''
    if (/^[RC]/.test(status)) paths.push({ before: path, after: fields[++at] })
    else paths.push({ before: status === 'A' ? undefined : path, after: status === 'D' ? undefined : path })
  }
  return paths
}
