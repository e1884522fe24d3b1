import { isAbsolute, join, relative, sep } from 'node:path'
import type { Repository } from './git/repository.ts'
import type { ProjectFiles } from './project-files.ts'
import { isPlainFile, listTree, readEntries } from './store/objects.ts'

/**
 * The files of a commit. Links are not followed and count as no files, and nothing is outside of the repository. Contents
 * of a folder that was listed are read together, with one process.
 */
export function filesOfCommit({ root, git }: Pick<Repository, 'root' | 'git'>, commit: string): ProjectFiles {
  const known = new Map<string, Promise<ReadonlyMap<string, Buffer>>>()
  /** Contents of one file or of all below a folder, by absolute path. */
  const below = (path: string) => {
    const contents = known.get(path) ?? readBelow(path)
    known.set(path, contents)
    return contents
  }
  const readBelow = async (path: string): Promise<ReadonlyMap<string, Buffer>> => {
    const place = relative(root, path).split(sep).join('/')
    if (place === '' || isAbsolute(place) || place.split('/')[0] === '..') return new Map()
    const files = await readEntries(git, (await listTree(git, commit, [place])).filter(isPlainFile))
    return new Map([...files].map(([file, content]) => [join(root, file), Buffer.from(content)]))
  }
  const read = async (path: string) => {
    for (const contents of await Promise.all(known.values())) {
      const content = contents.get(path)
      if (content !== undefined) return content
    }
    return (await below(path)).get(path)
  }
  return {
    list: async (folder) => [...(await below(folder)).keys()].sort(),
    isFile: async (path) => (await read(path)) !== undefined,
    read,
    realPath: async (path) => path,
  }
}
