import { afterEach, beforeEach } from 'vitest'
import { type ModelServer, startModelServer } from './model-server.ts'
import { makeProject, type ProjectPlan, type TestProject } from './project.ts'

/** What the tests of a file work with: a model server, new for each test, and projects that are removed after it. */
export interface Workbench {
  readonly server: ModelServer
  /** A repository like that of {@link makeProject}, whose environment holds the two variables of OpenAI. */
  make(plan: ProjectPlan): TestProject
  /** A project with one workflow, `w`, that ends without a summary. */
  projectOf(workflow: string, more?: ProjectPlan): TestProject
}

/** Sets a workbench up for every test of the file that calls this at its top. */
export function setUpWorkbench(): Workbench {
  let server: ModelServer
  let projects: TestProject[] = []
  beforeEach(async () => {
    server = await startModelServer()
  })
  afterEach(async () => {
    for (const project of projects) project.remove()
    projects = []
    await server.close()
  })
  const make = (plan: ProjectPlan): TestProject => {
    const openai = { OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: server.url }
    const project = makeProject({ ...plan, env: { ...openai, ...plan.env } })
    projects.push(project)
    return project
  }
  return {
    get server() {
      return server
    },
    make,
    projectOf: (workflow, more = {}) =>
      make({ workflows: { w: `enable_summarization_node: false\n${workflow}` }, ...more }),
  }
}
