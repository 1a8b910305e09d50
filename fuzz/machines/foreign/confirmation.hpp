// What a foreign MMU adds to a finding of the twin's own. The minimiser keeps the finding, not this: frames
// go to 0, say, where a last stage of translation is not judged.
#pragma once

#include <string>
#include <string_view>

namespace pagetwin::fuzz {

// The MMU finds it, too: one line of a divergence's details, without its end.
[[nodiscard]] std::string confirmation(std::string_view oracle, std::string_view headline);
// The confirmations in `details` that `report`, of the minimised trace, has no more; each as a line of its
// own.
[[nodiscard]] std::string lost_confirmations(std::string_view details, std::string_view report);

} // namespace pagetwin::fuzz
