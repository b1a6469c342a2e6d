// node validate.mjs SCHEMA.json < {"documents":[text, ...],"tracks":[text, ...]}
// What two validators that are not ours say: ajv of the documents, W3C's webvtt-parser of the tracks.
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import webvtt from 'webvtt-parser'

const { documents, tracks } = JSON.parse(readFileSync(0, 'utf8'))
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(readFileSync(process.argv[2], 'utf8')))
const parser = new webvtt.WebVTTParser()
console.log(
  JSON.stringify({
    documents: documents.map((text) => (validate(JSON.parse(text)) ? [] : validate.errors.map((e) => `${e.instancePath} ${e.message}`))),
    tracks: tracks.map((text) => {
      const { cues, errors } = parser.parse(text, 'metadata')
      return {
        errors: errors.map((e) => `${e.line}:${e.col} ${e.message}`),
        cues: cues.map((cue) => ({ id: cue.id, from: cue.startTime, to: cue.endTime, text: cue.text })),
      }
    }),
  }),
)
