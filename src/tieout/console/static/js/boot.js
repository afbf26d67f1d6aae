// Starts what the page needs. Everything works without it: forms, links, pages.
import "./keys.js";
import "./lineage.js";
