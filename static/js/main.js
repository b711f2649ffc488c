/**
 * Entry of the browser code: wires the small modules to the page. Each one looks for data attributes and listens on
 * the document, so that fragments which HTMX swaps in later work without further ado.
 */
import { wireActs } from "./acts.js";
import { wireColumns } from "./columns.js";
import { wireCombobox } from "./combobox.js";
import { wireConfirm } from "./confirm.js";
import { wireCopy } from "./copy.js";
import { wireDisclosure } from "./disclosure.js";
import { wireDrafts } from "./drafts.js";
import { wireExpand } from "./expand.js";
import { wireExportLinks } from "./export_links.js";
import { wireFailures } from "./failures.js";
import { wireFilterMenu } from "./filter_menu.js";
import { wireHistory } from "./history.js";
import { wireKeyboard } from "./keyboard.js";
import { wireLive } from "./live.js";
import { wireOver } from "./over.js";
import { wirePane } from "./pane.js";
import { wirePoll } from "./poll.js";
import { wirePress } from "./press.js";
import { wireQueryBox } from "./query_box.js";
import { wireRelativeTime } from "./relative_time.js";
import { wireRemember } from "./remember.js";
import { wireReorder } from "./reorder.js";
import { wireSelection } from "./selection.js";
import { wireStory } from "./story.js";
import { wireTabs } from "./tabs.js";
import { wireToasts } from "./toast.js";

wireToasts();
wireFailures();
wireDisclosure();
wireConfirm();
wireCopy();
wireCombobox();
wireFilterMenu();
wireSelection();
wireActs();
wirePane();
wireHistory();
wirePress();
wireExpand();
wireColumns();
wireRemember();
wireKeyboard();
wireDrafts();
wireQueryBox();
wireRelativeTime();
wireReorder();
wireTabs();
wireStory();
wireExportLinks();
wireLive();
wireOver();
wirePoll();
document.documentElement.dataset.ready = "";
