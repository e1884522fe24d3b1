/** A path that differs; `undefined` on the side where there is none. Of a rename both are there, and differ. */
export interface ChangedPath {
  readonly before: string | undefined
  readonly after: string | undefined
  /** What stands there now, as git says it: `100644`, `120000` a link, `160000` a submodule. Only with `--raw`. */
  readonly mode?: string
}

/** Reads the output of `git diff` and its kind with `--name-status -z` or `--raw -z`. */
export function parseNameStatus(text: string): ChangedPath[] {
  const fields = text.split('\0')
  const paths: ChangedPath[] = []
  for (let at = 0; at + 1 < fields.length; at++) {
    const [, mode, status = ''] = /^(?::\d+ (\d+) \w+ \w+ )?(\w+)$/.exec(fields[at] ?? '') ?? []
    const path = fields[++at] ?? ''
    const after = /^[RC]/.test(status) ? fields[++at] : status === 'D' ? undefined : path
    paths.push({ before: status === 'A' ? undefined : path, after, ...(mode === undefined ? {} : { mode }) })
  }
  return paths
}
