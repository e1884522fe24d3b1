import { findRepository } from '../../runner/git/repository.ts'
import { openStore } from '../../runner/store/store.ts'
import { realWorld } from '../../runner/world.ts'
import { eventsOf } from './run-of-events.ts'
import { newRun } from './test-store.ts'

/**
 * A process that starts a run in the repository it is started in, makes the events of a first step durable, says its
 * id, and then lives until it is killed.
 */
const env = process.env
const store = await openStore({
  repository: findRepository(process.cwd(), env),
  world: realWorld(process),
  redact: (text) => text,
  warn: () => {},
})
const writer = await store.claim(newRun())
for (const event of eventsOf(writer.id, { a: 'x', b: 'y' }).slice(0, 4)) await writer.append(event)
process.stdout.write(`${writer.id}\n`)
setInterval(() => {}, 1000)
