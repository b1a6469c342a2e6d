import { render } from "preact";
import "@design/css/tokens.css";
import "@design/css/base.css";
import "@design/css/parts.css";
import "@design/css/shell.css";
import "@design/css/signin.css";
import "@design/css/player.css";
import "./css/home.css";
import "./css/recording.css";
import "./css/lesson.css";
import "@design/device";
import { App } from "./App";

const root = document.getElementById("app");
if (root) render(<App />, root);
