import { makeTexts } from "@design/i18n";
import en from "./texts/en.json";
import zh from "./texts/zh-CN.json";

export type Key = keyof typeof zh;
export const t = makeTexts<Key>(zh, en);
