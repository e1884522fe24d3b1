import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
// What reads files is loaded when there is one to read: looking at records takes half of the time without it.
import type { Diagnostic, ReadMeta, ReadResult, RepositoryConfig, Workflow } from '../schema/index.ts'
// Not through the index of the room, which would load all of it.
import { didYouMean } from '../schema/nearest.ts'
import { ROLE } from '../schema/workflow.ts'
import { type AssistantFiles, assistantFilesOf } from './assistant-files.ts'
import { Refusal } from './failure.ts'
import type { Git } from './git/git.ts'
import { findRepository, type Repository } from './git/repository.ts'
import { PROJECT_DIRECTORY, type ProjectFiles, readIfThere, WORKING_TREE } from './project-files.ts'
import type { World } from './world.ts'

/** Folder of the definitions, relative to the root. */
export const DEFINITIONS = `${PROJECT_DIRECTORY}/workflows`
/** Where definitions lie that were put away: nothing starts, calls or checks them. */
export const ARCHIVE = `${PROJECT_DIRECTORY}/archive`

/** A repository with its workflows, as it stands in the working tree, or with those of a commit. */
export interface Project extends AssistantFiles {
  /** Absolute path of the top of the working tree. */
  readonly root: string
  readonly repository: Repository
  /** Commit whose definitions, stored assistants and skills these are, see {@link Project.at}; `undefined`: the working tree. */
  readonly revision: string | undefined
  /** Of `.codemie/config.yaml`, of the working tree if {@link openProject} was told nothing else; the defaults where there is none, or where it has errors. */
  readonly config: RepositoryConfig
  readonly configDiagnostics: readonly Diagnostic[]
  /** The files of the commit that the config was taken from, for those that it names; `undefined`: the working tree. */
  readonly configFiles: ProjectFiles | undefined
  /** All definitions under `.codemie/workflows`, by file name. Invalid ones are among them, with their problems. */
  definitions(): Promise<readonly Definition[]>
  /** All definitions that were put away, by file name. */
  archived(): Promise<readonly Definition[]>
  /**
   * A definition by file stem, path (from the working directory or the root) or `name`; one of several in a file by its id, or
   * by the path of the file with `#` and its id.
   * Refuses with `unknown-workflow` or `ambiguous-workflow`.
   *
   * @param caller path of the definition that calls it, relative to the root: files beside that one come first, and the
   * working directory does not count. A file that is not in the repository is refused with `workflow-outside`.
   */
  find(nameOrPath: string, caller?: string): Promise<Definition>
  /** The same with the definitions, stored assistants and skills of a commit; the config stays that of the working tree. */
  at(commit: string): Promise<Project>
}

/** A workflow in a definition file and all that is known of it. */
export interface Definition {
  /** Path relative to the root, with `/`. A configuration of Octomind can hold several definitions. */
  readonly file: string
  /** What the workflow is called on the command line: the file stem, or its name in a configuration of Octomind. */
  readonly id: string
  readonly text: string
  /** Present when there is no error among the diagnostics. */
  readonly workflow: Workflow | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** What is known even of an invalid one. */
  readonly meta: ReadMeta
}

/**
 * Opens the repository around `world.cwd`. Refuses outside of one; a config with problems is reported, not refused.
 *
 * @param options.config path of another config file, in the working tree.
 * @param options.at commit that definitions, stored assistants and the config are taken from, and the git that has it.
 * Default: the working tree.
 */
export async function openProject(
  world: World,
  options: { readonly config?: string; readonly at?: { readonly commit: string; readonly git: Git } } = {},
): Promise<Project> {
  const repository = findRepository(world.cwd, world.env)
  const { root } = repository
  const configFile = options.config ?? join(root, PROJECT_DIRECTORY, 'config.yaml')
  const files = await projectFiles({ root, git: options.at?.git ?? repository.git }, options.at?.commit)
  const configFiles = options.at && options.config === undefined ? files : undefined
  const [configText, { defaultConfig, readConfig }] = await Promise.all([
    readIfThere(configFiles ?? WORKING_TREE, configFile),
    import('../schema/config.ts'),
  ])
  if (configText === undefined && options.config !== undefined) {
    throw new Refusal('config-missing', `There is no config file ${options.config}`)
  }
  const read =
    configText === undefined
      ? undefined
      : readConfig({ file: portable(relative(root, configFile)), bytes: configText })
  const rest = {
    root,
    repository,
    config: read?.config ?? defaultConfig(),
    configDiagnostics: read?.diagnostics ?? [],
    configFiles,
    at: async (commit: string): Promise<Project> => ({
      ...rest,
      revision: commit,
      ...definitionsIn(await projectFiles(repository, commit), root, world.cwd),
    }),
  }
  return { ...rest, revision: options.at?.commit, ...definitionsIn(files, root, world.cwd) }
}

/** The files of a commit; `undefined`: those of the working tree. */
export async function projectFiles(
  repository: Pick<Repository, 'root' | 'git'>,
  commit: string | undefined,
): Promise<ProjectFiles> {
  if (commit === undefined) return WORKING_TREE
  return (await import('./commit-files.ts')).filesOfCommit(repository, commit)
}

/** What is looked up in files. @param cwd folder that paths count from that a person types. */
export function definitionsIn(
  files: ProjectFiles,
  root: string,
  cwd: string,
): Pick<Project, 'definitions' | 'archived' | 'find' | keyof AssistantFiles> {
  let known: Promise<readonly Definition[]> | undefined
  const definitions = () => {
    known ??= readDefinitions(files, root, DEFINITIONS)
    return known
  }
  return {
    definitions,
    archived: () => readDefinitions(files, root, ARCHIVE),
    find: (nameOrPath, caller) =>
      findDefinition(nameOrPath, {
        files,
        root,
        definitions,
        ...(caller === undefined
          ? { folder: cwd, within: undefined }
          : {
              folder: join(root, dirname(caller)),
              // What a reviewed workflow runs has to be where changes are reviewed.
              within: caller.startsWith(`${DEFINITIONS}/`) ? join(root, DEFINITIONS) : root,
            }),
      }),
    ...assistantFilesOf(files, root),
  }
}

async function readDefinitions(
  files: ProjectFiles,
  root: string,
  folder: string,
): Promise<readonly Definition[]> {
  const paths = await listDefinitions(files, root, folder)
  return (await Promise.all(paths.map((path) => readDefinitionFile(files, root, path))))
    .flat()
    .filter(isListed)
}

/** Roles that do nothing to their input before they get it are not listed: they are assistants, and yet they can be run. */
export function isListed({ id, workflow }: Pick<Definition, 'id' | 'workflow'>): boolean {
  return !id.startsWith(ROLE) || workflow === undefined || workflow.states.length > 1
}

/** How a definition is found again: its file, with its id where the file does not say it. */
export function addressOf({ file, id }: Pick<Definition, 'file' | 'id'>): string {
  return file.slice(file.lastIndexOf('/') + 1).startsWith(`${id}.`) ? file : `${file}#${id}`
}

/** Absolute paths of all definition files under a folder, sorted. */
async function listDefinitions(
  files: ProjectFiles,
  root: string,
  folder: string,
): Promise<readonly string[]> {
  try {
    return (await files.list(join(root, folder))).filter(isDefinition)
  } catch (error) {
    throw new Refusal('definitions-unreadable', `${folder} cannot be read`, { cause: error })
  }
}

function isDefinition(name: string): boolean {
  return /\.(ya?ml|toml)$/i.test(name)
}

/** Reads one definition file, wherever it lies; each workflow in it, or none with its problems. Refuses with `definition-unreadable`. */
async function readDefinitionFile(
  files: ProjectFiles,
  root: string,
  path: string,
): Promise<readonly [Definition, ...Definition[]]> {
  const file = portable(relative(root, path))
  const refuse = (why: string, cause?: unknown) =>
    new Refusal('definition-unreadable', `${file} cannot be read: ${why}`, { cause })
  const bytes = await files.read(path).catch((error: Error) => {
    throw refuse(error.message, error)
  })
  if (bytes === undefined) throw refuse('it is gone')
  const { readWorkflows } = await import('../schema/read.ts')
  const definitionOf = ({ workflow, diagnostics, meta }: ReadResult): Definition => ({
    file,
    id: meta.id,
    text: meta.text,
    workflow,
    diagnostics,
    meta,
  })
  const [first, ...others] = readWorkflows({ file, bytes })
  return [definitionOf(first), ...others.map(definitionOf)]
}

/** The one workflow that a path stands for. Refuses with `ambiguous-workflow` where a file holds several. */
async function readDefinition(
  files: ProjectFiles,
  root: string,
  path: string,
  part?: string,
): Promise<Definition> {
  const all = await readDefinitionFile(files, root, path)
  if (part !== undefined) {
    // A file with errors holds no workflow that could be named: its problems are what the caller has to see.
    const found = all.find(({ id }) => id === part) ?? all.find(({ workflow }) => !workflow)
    if (found) return found
    throw unknownWorkflow(part, all)
  }
  const workflows = all.filter(({ id }) => !id.startsWith(ROLE))
  const candidates = workflows.length > 0 ? workflows : all.filter(isListed)
  if (candidates.length > 1) throw ambiguous(path.slice(path.lastIndexOf(sep) + 1), candidates)
  return candidates[0] ?? all[0]
}

function ambiguous(name: string, all: readonly Definition[]): Refusal {
  return new Refusal('ambiguous-workflow', `Several workflows are called '${name}'`, {
    help: `Name one by its path: ${all.map(addressOf).join(', ')}`,
  })
}

/** Where to look for a definition. */
interface Search {
  readonly files: ProjectFiles
  readonly root: string
  /** Folder that paths count from, before the root: of the definition that calls it, or the working directory. */
  readonly folder: string
  /** Folder that the definition has to lie in when a workflow calls it; `undefined`: a person asks, and can name any file. */
  readonly within: string | undefined
  readonly definitions: () => Promise<readonly Definition[]>
}

async function findDefinition(
  nameOrPath: string,
  { files, root, folder, within, definitions }: Search,
): Promise<Definition> {
  const [, file = nameOrPath, part] = /^(.+\.toml)#(.+)$/i.exec(nameOrPath) ?? []
  const read = async (path: string) => {
    if (within !== undefined) await refuseOutside(files, root, path, within)
    return readDefinition(files, root, path, part)
  }
  if (isDefinition(file)) {
    for (const base of [folder, root, join(root, DEFINITIONS)]) {
      const path = resolve(base, file)
      if (await files.isFile(path)) return read(path)
    }
  }
  if (within !== undefined && /^[\w][\w.-]*$/.test(nameOrPath)) {
    for (const extension of ['yaml', 'yml', 'toml']) {
      const path = join(folder, `${nameOrPath}.${extension}`)
      if (await files.isFile(path)) return read(path)
    }
  }
  // A file stem goes before a name, and then the other files need not be read: checking one takes longer than starting.
  const { workflowIdOf } = await import('../schema/read.ts')
  const named = (await listDefinitions(files, root, DEFINITIONS)).filter(
    (path) => workflowIdOf(path) === nameOrPath,
  )
  const all =
    named.length > 0 ? [] : nameOrPath.startsWith(ROLE) ? await roles(files, root) : await definitions()
  const byId = all.filter(({ id }) => id === nameOrPath)
  const found =
    named.length > 0
      ? await Promise.all(named.map((path) => readDefinition(files, root, path)))
      : byId.length > 0
        ? byId
        : all.filter((d) => d.workflow?.name === nameOrPath)
  const [first] = found
  if (first && found.length === 1) return first
  if (found.length > 1) throw ambiguous(nameOrPath, found)
  // What a configuration with errors would have is told by these, and not as if it were not there.
  const spoiled = all.find(({ meta }) => meta.spoiled?.includes(nameOrPath))
  if (spoiled) return spoiled
  throw nameOrPath.startsWith(ROLE)
    ? unknownRole(nameOrPath.slice(ROLE.length), all)
    : unknownWorkflow(nameOrPath, all)
}

/** All roles of configurations. */
async function roles(files: ProjectFiles, root: string): Promise<readonly Definition[]> {
  const paths = (await listDefinitions(files, root, DEFINITIONS)).filter((path) => /\.toml$/i.test(path))
  const all = await Promise.all(paths.map((path) => readDefinitionFile(files, root, path)))
  return all.flat().filter(({ id, meta }) => id.startsWith(ROLE) || meta.spoiled !== undefined)
}

/** Refuses with `workflow-outside` a file that is not in a folder, wherever links on the way to it lead. */
async function refuseOutside(files: ProjectFiles, root: string, path: string, within: string): Promise<void> {
  const place = relative(await files.realPath(within), await files.realPath(path))
  if (!isAbsolute(place) && place.split(sep)[0] !== '..') return
  const where = within === root ? 'this repository' : DEFINITIONS
  throw new Refusal('workflow-outside', `${portable(relative(root, path))} is not in ${where}`, {
    help: 'A workflow calls only what lies where changes of workflows are looked for: keep the other one, or a copy of it, there.',
  })
}

function unknownWorkflow(name: string, all: readonly Definition[]): Refusal {
  const ids = all.map(({ id }) => id)
  const help =
    all.length === 0
      ? `There are no definitions under ${DEFINITIONS}: \`codemie-ci init\` writes a first one.`
      : `${didYouMean(name, ids)}\`codemie-ci list\` shows all workflows.`
  return new Refusal('unknown-workflow', `There is no workflow '${name}'`, { help })
}

function unknownRole(name: string, all: readonly Definition[]): Refusal {
  const ids = all.flatMap(({ id, meta }) => meta.spoiled ?? [id])
  const roles = [...new Set(ids.flatMap((id) => (id.startsWith(ROLE) ? id.slice(ROLE.length) : [])))]
  const help =
    roles.length === 0
      ? `Roles stand under [[roles]] in configurations of Octomind in ${DEFINITIONS}, and there are none.`
      : `${didYouMean(name, roles)}Roles that there are: ${roles.join(', ')}.`
  return new Refusal('unknown-role', `There is no role '${name}'`, { help })
}

function portable(path: string): string {
  return path.split(sep).join('/')
}
