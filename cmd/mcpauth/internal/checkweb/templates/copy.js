const text = document.getElementById("markdown");
const button = document.getElementById("copy");
const said = document.getElementById("copied");
button.hidden = false;
button.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(text.value);
    said.textContent = "Copied.";
  } catch {
    text.select();
    said.textContent = "Selected. Copy it with the keyboard.";
  }
});
