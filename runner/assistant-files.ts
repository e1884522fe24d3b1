import { basename, dirname, join, relative, sep } from 'node:path'
import type { AssistantResult } from '../schema/index.ts'
import type { SkillResult } from '../schema/skill-file.ts'
import { createHash } from './hash.ts'
import { PROJECT_DIRECTORY, type ProjectFiles, readIfThere } from './project-files.ts'

const ASSISTANTS = `${PROJECT_DIRECTORY}/assistants`
const WORKFLOWS = `${PROJECT_DIRECTORY}/workflows`
const SKILLS = `${PROJECT_DIRECTORY}/skills`
const SKILL_FILE = 'SKILL.md'

/** What assistants are made of beside definitions: stored ones, and skills. */
export interface AssistantFiles {
  /** A stored assistant by its id, or else a role of that name in a configuration of Octomind. `undefined`: there is neither. */
  assistant(id: string): Promise<StoredAssistant | undefined>
  /** Ids of all stored assistants, as their files are called, and names of roles. */
  assistantIds(): Promise<readonly string[]>
  /** A skill by its id, or `undefined` when there is no such file. */
  skill(id: string): Promise<StoredSkill | undefined>
  /** Ids of all skills, as their folders are called. */
  skillIds(): Promise<readonly string[]>
}

export interface StoredAssistant extends AssistantResult {
  readonly file: string
}

export interface StoredSkill extends SkillResult {
  readonly file: string
  /** Paths of what lies beside it, from its folder and with `/`, sorted. */
  readonly others: readonly string[]
  /** Content of one of the others; `undefined`: there is no such file. */
  read(path: string): Promise<Buffer | undefined>
}

/** `root`: absolute path that the paths of the files begin with. */
export function assistantFilesOf(files: ProjectFiles, root: string): AssistantFiles {
  let known: Promise<readonly StoredAssistant[]> | undefined
  const roles = () => {
    known ??= readRoles(files, root)
    return known
  }
  return {
    assistant: async (id) =>
      (await readStoredAssistant(files, root, id)) ??
      (await roles()).find(({ assistant }) => assistant?.id === id),
    async assistantIds() {
      const all = await files.list(join(root, ASSISTANTS))
      const stored = all.filter((path) => /\.ya?ml$/.test(path))
      return [
        ...stored.map((path) => basename(path).replace(/\.ya?ml$/, '')),
        ...(await roles()).flatMap(({ assistant }) => assistant?.id ?? []),
      ]
    },
    skill: (id) => readStoredSkill(files, root, id),
    async skillIds() {
      const all = await files.list(join(root, SKILLS))
      return all.filter((path) => basename(path) === SKILL_FILE).map((path) => basename(dirname(path)))
    },
  }
}

/** Path of a stored assistant, relative to the root. */
export function assistantFile(id: string): string {
  return `${ASSISTANTS}/${fileNameOf(id)}.yaml`
}

/** Path of a skill, relative to the root. */
export function skillFile(id: string): string {
  return `${SKILLS}/${fileNameOf(id)}/${SKILL_FILE}`
}

/**
 * Ids can be such as `PRECONFIGURED:reviewer`: what cannot stand in a file name everywhere becomes `-`, so that no id leads
 * out of the folder either.
 */
function fileNameOf(id: string): string {
  return id.replace(/[^\w.-]|^[.-]/g, '-')
}

/** All that can be read in a skill, in short: its instructions, and each of its files with a digest. */
export async function textsOfSkill({ file, skill, others, read }: StoredSkill): Promise<unknown> {
  const digestOf = async (path: string) =>
    createHash('sha256')
      .update((await read(path)) ?? '')
      .digest('hex')
  return [
    file,
    skill?.instructions,
    await Promise.all(others.map(async (path) => [path, await digestOf(path)])),
  ]
}

async function readStoredAssistant(
  files: ProjectFiles,
  root: string,
  id: string,
): Promise<StoredAssistant | undefined> {
  const path = assistantFile(id)
  for (const file of [path, path.replace(/yaml$/, 'yml')]) {
    const bytes = await readIfThere(files, join(root, file))
    if (!bytes) continue
    const { readAssistantFile } = await import('../schema/assistant-file.ts')
    return { file, ...readAssistantFile({ file, bytes }) }
  }
  return undefined
}

/** The roles of all configurations of Octomind. */
async function readRoles(files: ProjectFiles, root: string): Promise<readonly StoredAssistant[]> {
  const paths = (await files.list(join(root, WORKFLOWS))).filter((path) => /\.toml$/i.test(path))
  if (paths.length === 0) return []
  const { readRoleFile } = await import('../schema/role-file.ts')
  const found = paths.map(async (path): Promise<StoredAssistant[]> => {
    const file = relative(root, path).split(sep).join('/')
    const bytes = await readIfThere(files, path)
    const all = bytes ? readRoleFile({ file, bytes }) : []
    return all.map((assistant) => ({ file, assistant, diagnostics: [] }))
  })
  return (await Promise.all(found)).flat()
}

async function readStoredSkill(
  files: ProjectFiles,
  root: string,
  id: string,
): Promise<StoredSkill | undefined> {
  const file = skillFile(id)
  const bytes = await readIfThere(files, join(root, file))
  if (!bytes) return undefined
  const { readSkillFile } = await import('../schema/skill-file.ts')
  const folder = dirname(join(root, file))
  const found = await files.list(folder)
  const others = found
    .map((path) => relative(folder, path).split(sep).join('/'))
    .filter((path) => path !== SKILL_FILE)
  return {
    file,
    ...readSkillFile({ file, text: bytes.toString() }),
    others,
    read: async (path) => (others.includes(path) ? await readIfThere(files, join(folder, path)) : undefined),
  }
}
