import type { Git } from './git.ts'

/** What stands at some paths of a commit, folders and links as themselves; a path with nothing is left out. */
export async function listEntries(
  git: Git,
  commit: string,
  paths: readonly string[],
): Promise<readonly { readonly mode: string; readonly path: string }[]> {
  const { stdout } = await git.run({ args: ['ls-tree', '-z', '--full-tree', commit, '--', ...paths] })
  return stdout
    .toString()
    .split('\0')
    .flatMap((line) => {
      const [, mode, path] = /^(\d+) \w+ [0-9a-f]+\t(.+)$/s.exec(line) ?? []
      return mode === undefined || path === undefined ? [] : [{ mode, path }]
    })
}
