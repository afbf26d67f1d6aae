// Starts what the page needs. Everything works without it: forms, links, pages.
import "./keys.js";
import "./tell.js";
import "./grid.js";
import "./pane.js";
import "./forms.js";
import "./palette.js";
import "./time.js";
import "./link.js";
import "./live.js";
import "./lineage.js";
import "./graph.js";
import "./offline.js";
import { page } from "./nav.js";

page();
