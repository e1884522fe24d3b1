import { compareDefinition, compareParts, isDefinition, partsOf } from '../schema/diff/definitions.ts'
import { changedPaths, isAmong, sideOf, textsAt } from './diff-definitions.ts'
import { Refusal } from './failure.ts'
import { commonCommit } from './git/ancestry.ts'
import { type Git, GitError } from './git/git.ts'
import type { Repository } from './git/repository.ts'
import { resolveCommit } from './git/revision.ts'
import {
  type ChangedText,
  type MergedChangeCode,
  type MergeSide,
  mergedChanges,
  mergedPlainChanges,
} from './merged-changes.ts'

/** Something about a merged definition that a person should look at. */
export interface MergeFinding {
  readonly code:
    | MergedChangeCode
    /** Git cannot merge the texts. */
    | 'conflict'
    /** The merged text has errors. */
    | 'invalid'
    /** A version before the merge has errors, so that nobody can say what the merge did. */
    | 'not-comparable'
  readonly side?: MergeSide
  readonly state?: string
  /** One line without a full stop. Holds texts of the definitions. */
  readonly sentence: string
  /** Texts that are too long for the sentence, by whom they were changed. */
  readonly texts?: readonly ChangedText[]
}

/** What a merge makes of one definition. */
export interface MergedFile {
  /** Path after the merge; where it has none, the path on one of the sides. */
  readonly file: string
  /** How many changes each side made since they parted. */
  readonly ours: number
  readonly theirs: number
  /** Empty: the merge means what both sides meant. */
  readonly findings: readonly MergeFinding[]
}

/** A merge, and what it makes of definitions. */
export interface MergeCheck {
  /** Commits: the two sides, and where they parted. */
  readonly base: string
  readonly ours: string
  readonly theirs: string
  /** The merge commit, or the tree that a merge would make. */
  readonly merged: string
  /** Definitions that both sides changed, and others with findings. */
  readonly files: readonly MergedFile[]
}

interface Merge extends Omit<MergeCheck, 'files'> {
  /** Paths that git could not merge. */
  readonly conflicts: ReadonlySet<string>
}

/**
 * Checks what a merge makes of definitions: textual conflicts, merged files with errors, changes of a side that the merge lost,
 * changes that no side had made, and what both sides changed differently.
 *
 * @param revision what would be merged into HEAD; nothing is merged. `undefined`: the merge commit HEAD is checked.
 * @param only paths from the top of the repository: these files, and files below these folders. Default: all.
 *
 * Refuses with `unknown-revision`, `not-a-merge`, `no-common-commit`, and `git-too-old` where git cannot merge without
 * touching the working tree.
 */
export async function checkMerge(
  { root, git }: Pick<Repository, 'root' | 'git'>,
  revision: string | undefined,
  only: readonly string[] = [],
): Promise<MergeCheck> {
  const { conflicts, ...merge } = await (revision === undefined
    ? mergeCommit(git)
    : wouldBeMerge(git, revision))
  const paths = (await pathsOf(git, merge)).filter(({ names }) =>
    names.some((name) => isDefinition(name) && isAmong(name, only)),
  )
  const readAll = async (commit: string, list: readonly (string | undefined)[]) =>
    await textsAt(git, root, commit, list)
  const names = paths.flatMap((path) => path.names)
  const [base, ours, theirs, merged] = await Promise.all([
    readAll(
      merge.base,
      paths.map((path) => path.base),
    ),
    readAll(
      merge.ours,
      paths.map((path) => path.ours),
    ),
    readAll(
      merge.theirs,
      paths.map((path) => path.theirs),
    ),
    readAll(merge.merged, names),
  ])
  const mergedTexts = new Map(names.map((name, index) => [name, merged[index]]))
  const files = paths.flatMap((path, index): MergedFile[] => {
    const place = path.names.find((name) => mergedTexts.get(name) !== undefined)
    const checked = checkFile({
      file: place ?? path.names[0] ?? '',
      texts: {
        base: base[index],
        ours: ours[index],
        theirs: theirs[index],
        merged: place === undefined ? undefined : mergedTexts.get(place),
      },
      isConflict: path.names.some((name) => conflicts.has(name)),
    })
    return checked === undefined ? [] : [checked]
  })
  return { ...merge, files }
}

async function mergeCommit(git: Git): Promise<Merge> {
  const merged = await resolveCommit(git, 'HEAD')
  const { stdout } = await git.run({ args: ['rev-list', '--parents', '--max-count=1', merged] })
  const [, ours, theirs, ...more] = stdout.toString().trim().split(' ')
  if (ours === undefined || theirs === undefined || more.length > 0) {
    const what = more.length > 0 ? 'merges more than two commits' : 'is no merge'
    throw new Refusal('not-a-merge', `HEAD (${merged.slice(0, 12)}) ${what}`, {
      help: 'Name what you mean to merge into HEAD, e.g. `codemie-ci diff --merge topic`, or check a merge of two out.',
    })
  }
  return { base: await baseOf(git, ours, theirs), ours, theirs, merged, conflicts: new Set() }
}

async function wouldBeMerge(git: Git, revision: string): Promise<Merge> {
  const [ours, theirs] = [await resolveCommit(git, 'HEAD'), await resolveCommit(git, revision)]
  const base = await baseOf(git, ours, theirs)
  const args = ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', ours, theirs]
  const { stdout } = await git.run({ args, okCodes: [0, 1] }).catch((error: unknown) => {
    // What git says to options that it does not know.
    if (!(error instanceof GitError) || error.exitCode !== 129) throw error
    throw new Refusal('git-too-old', 'This git cannot merge without touching the working tree', {
      help: 'Use git 2.38 or newer, or merge first and then run `codemie-ci diff --merge`.',
      cause: error,
    })
  })
  const [merged = '', ...conflicts] = stdout.toString().split('\0').filter(Boolean)
  return { base, ours, theirs, merged, conflicts: new Set(conflicts) }
}

/** Of several commits where two parted the first: git merges with all of them, and people see one. */
async function baseOf(git: Git, ours: string, theirs: string): Promise<string> {
  const base = await commonCommit(git, ours, theirs)
  if (base !== undefined) return base
  throw new Refusal('no-common-commit', 'The two sides have no commit in common here', {
    help: 'Where the clone is shallow, `git fetch --unshallow` brings the rest of its history.',
  })
}

/** A definition by its path in each version; `undefined`: it is not there. */
interface Paths {
  readonly base: string | undefined
  readonly ours: string | undefined
  readonly theirs: string | undefined
  /** What it may be called after the merge, the likeliest first: a rename on one side counts. */
  readonly names: readonly string[]
}

/** Files that a side or the merge changed, through renames on either side, in the order of their names. */
async function pathsOf(
  git: Git,
  { base, ours, theirs, merged }: Omit<MergeCheck, 'files'>,
): Promise<Paths[]> {
  const [mine, yours, both] = await Promise.all(
    [ours, theirs, merged].map(async (to) => {
      const changes = await changedPaths(git, { from: base, to })
      return {
        nameOf: new Map(
          changes.flatMap((one) => (one.before === undefined ? [] : [[one.before, one.after] as const])),
        ),
        added: new Set(changes.flatMap((one) => (one.before === undefined ? (one.after ?? []) : []))),
      }
    }),
  )
  if (!mine || !yours || !both) return []
  const sides = [mine, yours, both]
  const known = [...new Set(sides.flatMap(({ nameOf }) => [...nameOf.keys()]))].map((path): Paths => {
    const [one, other, after] = sides.map(({ nameOf }) => (nameOf.has(path) ? nameOf.get(path) : path))
    const renames = [one, other, after].filter((name) => name !== path)
    return {
      base: path,
      ours: one,
      theirs: other,
      names: [...new Set([...renames, path].flatMap((name) => name ?? []))],
    }
  })
  const taken = new Set(known.flatMap(({ names }) => names))
  const added = new Set(sides.flatMap((side) => [...side.added]))
  const fresh = [...added].flatMap((path): Paths[] => {
    const on = ({ added }: typeof mine) => (added.has(path) ? path : undefined)
    return taken.has(path) ? [] : [{ base: undefined, ours: on(mine), theirs: on(yours), names: [path] }]
  })
  const first = ({ names }: Paths) => names[0] ?? ''
  return [...known, ...fresh].sort((a, b) => (first(a) < first(b) ? -1 : 1))
}

interface Versions<T> {
  readonly base: T | undefined
  readonly ours: T | undefined
  readonly theirs: T | undefined
  readonly merged: T | undefined
}

/** `undefined`: one side changed it, and the merge has what that side made of it. */
function checkFile({
  file,
  texts,
  isConflict,
}: {
  readonly file: string
  readonly texts: Versions<string>
  readonly isConflict: boolean
}): MergedFile | undefined {
  const { base, ours, theirs, merged } = texts
  const isShared = ours !== base && theirs !== base
  if (!isShared && !isConflict && merged === (ours === base ? theirs : ours)) return undefined
  const findings = [
    ...(isConflict ? [conflictIn(texts)] : merged === undefined ? whenGone(texts) : []),
    ...(isConflict || merged !== undefined ? findingsInParts(file, texts, isConflict) : []),
  ]
  if (findings.length === 0 && !isShared) return undefined
  const changesTo = (text: string | undefined) =>
    compareParts(sideOf(file, base), sideOf(file, text)).reduce((sum, { changes }) => sum + changes.length, 0)
  return { file, ours: changesTo(ours), theirs: changesTo(theirs), findings }
}

/** Two versions of a file, compared as if it had always had one name. @param part of several workflows in it. */
function compareTexts(file: string, before: string | undefined, after: string | undefined, part?: string) {
  return compareDefinition(sideOf(file, before), sideOf(file, after), part)
}

function conflictIn({ base, ours, theirs }: Versions<string>): MergeFinding {
  const isGone = base !== undefined && (ours === undefined || theirs === undefined)
  const [gone, other] = ours === undefined ? ['ours', 'theirs'] : ['theirs', 'ours']
  const sentence = isGone
    ? `${gone} removed the file that ${other} changed`
    : 'git cannot merge the two texts'
  return { code: 'conflict', sentence }
}

/** Of a file that holds several workflows each is looked at by itself. */
function findingsInParts(file: string, texts: Versions<string>, isConflict: boolean): MergeFinding[] {
  const versions = Object.entries(texts) as [keyof Versions<string>, string | undefined][]
  const parts = new Map(versions.map(([name, text]) => [name, partsOf(sideOf(file, text))]))
  const all = [...new Set([...parts.values()].flat())]
  const isReadable = versions.every(([name, text]) => text === undefined || parts.get(name)?.length !== 0)
  if (all.length < 2 || !isReadable) return findingsIn(file, texts, isConflict)
  return all.flatMap((part) => {
    const of = (name: keyof Versions<string>) => (parts.get(name)?.includes(part) ? texts[name] : undefined)
    const own = { base: of('base'), ours: of('ours'), theirs: of('theirs'), merged: of('merged') }
    const found =
      own.merged === undefined && !isConflict ? whenGone(own) : findingsIn(file, own, isConflict, part)
    return found.map((one) => ({ ...one, sentence: `${part}: ${one.sentence.replace('the file', 'it')}` }))
  })
}

/** What is found in the models; where one of them has errors, only that is. */
function findingsIn(
  file: string,
  texts: Versions<string>,
  isConflict: boolean,
  part?: string,
): MergeFinding[] {
  const { base, ours, theirs } = texts
  const merged = isConflict ? undefined : texts.merged
  const toMerged = merged === undefined ? undefined : compareTexts(file, base, merged, part)
  if (toMerged?.invalid.after !== undefined)
    return [{ code: 'invalid', sentence: `has errors after the merge: ${toMerged.invalid.after}` }]
  const [mine, yours] = [compareTexts(file, base, ours, part), compareTexts(file, base, theirs, part)]
  const unreadable = Object.entries({
    'where the sides parted': mine?.invalid.before ?? yours?.invalid.before,
    'in ours': mine?.invalid.after,
    'in theirs': yours?.invalid.after,
  }).flatMap(([where, error]): MergeFinding[] =>
    error === undefined ? [] : [{ code: 'not-comparable', sentence: `had errors ${where}: ${error}` }],
  )
  if (unreadable.length > 0) return unreadable
  if (base === undefined || ours === undefined || theirs === undefined || !mine || !yours)
    return merged === undefined ? [] : whenOneSided(file, { ...texts, merged }, part)
  const workflows = {
    base: mine.workflows.before,
    ours: mine.workflows.after,
    theirs: yours.workflows.after,
  }
  return workflows.base && workflows.ours && workflows.theirs
    ? mergedChanges({
        base: workflows.base,
        ours: workflows.ours,
        theirs: workflows.theirs,
        merged: toMerged?.workflows.after,
      })
    : mergedPlainChanges(mine.changes, yours.changes, toMerged?.changes)
}

/** Without all three there is nothing to weigh: the merge has what one side made, or it does not. */
function whenOneSided(
  file: string,
  { base, ours, theirs, merged }: Versions<string>,
  part?: string,
): MergeFinding[] {
  if (ours === undefined && theirs === undefined)
    return [{ code: 'made-by-neither', sentence: 'the file is there, and no side had it' }]
  return Object.entries({ ours, theirs } as const).flatMap(([name, text]): MergeFinding[] => {
    const side = name as MergeSide
    if (text === undefined)
      return base === undefined ? [] : [{ code: 'lost', side, sentence: 'had removed the file' }]
    const isKept = compareTexts(file, text, merged, part)?.changes.length === 0
    return isKept ? [] : [{ code: 'lost', side, sentence: 'the merge has another version of the file' }]
  })
}

/** The merge does not have the file. */
function whenGone({ base, ours, theirs }: Versions<string>): MergeFinding[] {
  const changed = (
    [
      ['ours', ours],
      ['theirs', theirs],
    ] as const
  ).filter(([, text]) => text !== undefined && text !== base)
  if (changed.length > 0)
    return changed.map(([side]) => ({
      code: 'lost',
      side,
      sentence: 'the file is gone, with what this side had changed',
    }))
  const isRemoved = ours === undefined || theirs === undefined
  return isRemoved
    ? []
    : [{ code: 'made-by-neither', sentence: 'the file is gone, and no side had removed it' }]
}
