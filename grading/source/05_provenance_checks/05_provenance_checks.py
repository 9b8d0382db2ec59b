# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] lang="en"
# # 5. Provenance checks
#
# **Level:** beginner · **Time:** 60 minutes · **You need:** lessons 2 and 3, or to have fine-tuned a model before
#
# In four lessons you have built on an encoder that somebody else trained. Why did you trust it? In this lesson you attack models, harmlessly and on your own machine, and then find the attacks: code hidden in weights, a number changed by a hair, a back door that you build into your own guard. At the end six downloads of unknown virtue lie on your desk, and you decide which of them may be used.

# %% [markdown] lang="ru"
# # 5. Проверка происхождения
#
# **Уровень:** начинающий · **Время:** 60 минут · **Понадобится:** уроки 2 и 3 либо опыт fine-tuning
#
# Четыре урока вы опирались на энкодер, который обучил кто-то другой. Почему вы ему доверяли? В этом уроке вы будете атаковать модели, безобидно и на собственной машине, а затем находить эти атаки: код, спрятанный в весах, число, изменённое на волосок, чёрный ход, который вы сами проделаете в своём охраннике. В конце на вашем столе окажутся шесть загрузок сомнительной репутации, и вы решите, какими из них можно пользоваться.

# %%
course.objectives()

# %%
import hashlib
import json
import shutil
import tempfile
from importlib.metadata import metadata
from pathlib import Path, PurePosixPath
from random import Random

import numpy as np
import pandas as pd
import torch
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from lessonkit import check, figures, load_texts, model_entry, model_folder, plots, quiz

# %% [markdown] lang="en"
# ## 5.1 What can go wrong
#
# A model reaches you through many hands: those who wrote the texts, who trained it, who packed it into files, who uploaded it, who mirrored it. This is its **supply chain**, and each hand can do harm:

# %% [markdown] lang="ru"
# ## 5.1 Что может пойти не так
#
# Модель попадает к вам через много рук: кто-то писал тексты, кто-то обучал, кто-то упаковывал в файлы, кто-то выкладывал, кто-то копировал на зеркало. Это её **цепочка поставки** (supply chain), и навредить может любая рука:

# %%
figures.show("supply_chain")

# %% [markdown] lang="en"
# Five risks, and you will meet each of them today:
#
# | risk | what it means | where |
# |---|---|---|
# | **model tampering** | a file is not what was published, or does more than hold numbers | 5.2–5.4 |
# | **license violations** | the model works, but you may not use it | 5.5 |
# | **data poisoning** | somebody wrote a few of the training texts for you | 5.6 |
# | **backdoors** (trojans) | the model behaves, until it reads a secret word | 5.6–5.8 |
# | **unintended biases** | nobody meant harm, and yet a name changes the answer | 5.9 |
#
# Everything happens in one scratch folder, which vanishes with the notebook. The attacks write a note there and nothing else.

# %% [markdown] lang="ru"
# Пять рисков, и с каждым вы сегодня встретитесь:
#
# | риск | что это значит | где |
# |---|---|---|
# | **подмена модели** (tampering) | файл не тот, что опубликован, или не просто хранит числа | 5.2–5.4 |
# | **нарушение лицензии** | модель работает, но пользоваться ею вам нельзя | 5.5 |
# | **отравление данных** (data poisoning) | несколько обучающих текстов для вас написал чужой | 5.6 |
# | **чёрный ход** (backdoor, trojan) | модель ведёт себя примерно, пока не прочтёт тайное слово | 5.6–5.8 |
# | **непреднамеренная предвзятость** | никто не желал зла, и всё же имя меняет ответ | 5.9 |
#
# Всё происходит в одной временной папке, которая исчезнет вместе с тетрадью. Атаки оставляют там записку и больше ничего.

# %%
workshop = tempfile.TemporaryDirectory()
SCRATCH = Path(workshop.name)
tiny = model_folder("tiny_bert")  # lesson 1's BERT: small enough to be copied and spoiled
sorted(file.name for file in tiny.iterdir())


def copy_of(model: Path, name: str) -> Path:
    return Path(shutil.copytree(model, SCRATCH / name, dirs_exist_ok=True))

# %% [markdown] lang="en"
# ## 5.2 A file that runs
#
# For years PyTorch's weights were **pickles** (`pytorch_model.bin`). A pickle is not a table of numbers: it is a small program that rebuilds objects, and it may call any function there is. Here is one that writes a note while it is being loaded:

# %% [markdown] lang="ru"
# ## 5.2 Файл, который исполняется
#
# Долгие годы веса PyTorch хранили в **pickle** (`pytorch_model.bin`). Pickle — не таблица чисел, а маленькая программа, которая заново собирает объекты и может вызвать любую функцию. Вот такой файл пишет записку, пока его загружают:

# %%
class Weights:
    """Not weights at all: whoever unpickles it calls `Path.write_text`."""

    def __reduce__(self):
        return Path.write_text, (SCRATCH / "note.txt", "I ran while you were loading me.")


pickled = copy_of(tiny, "pickled")
torch.save({"classifier.weight": Weights()}, pickled / "pytorch_model.bin")
_ = torch.load(pickled / "pytorch_model.bin", weights_only=False)
print((SCRATCH / "note.txt").read_text())

# %% [markdown] lang="en"
# You only asked for weights, and it wrote a file. It could as well have read your keys. Since version 2.6 `torch.load` has `weights_only=True` by default and refuses what is not on its list:

# %% [markdown] lang="ru"
# Вы просили только веса, а он записал файл. С тем же успехом он мог прочесть ваши ключи. Начиная с версии 2.6 у `torch.load` по умолчанию `weights_only=True`, и всё, чего нет в его списке, он отвергает:

# %%
try:
    torch.load(pickled / "pytorch_model.bin")
except Exception as error:
    print(type(error).__name__, "-", str(error).split(".")[0])

# %% [markdown] lang="en"
# A **safetensors** file cannot do that at all: a length, a table in JSON (names, types, shapes, places), and then nothing but numbers. You can read its beginning with five lines of Python:

# %% [markdown] lang="ru"
# Файл **safetensors** так не может вовсе: длина, таблица в JSON (имена, типы, формы, места), а дальше одни числа. Его начало читается пятью строками Python:

# %%
with (tiny / "model.safetensors").open("rb") as file:
    length = int.from_bytes(file.read(8), "little")
    header = json.loads(file.read(length))
name, entry = next((name, entry) for name, entry in header.items() if name != "__metadata__")
print(f"{len(header):,} entries; the first tensor: {name}, {entry}")

# %% [markdown] lang="en"
# `sentinel` is the package of this course that checks models without running them. It reads a pickle's program instead of executing it:

# %% [markdown] lang="ru"
# `sentinel` — пакет этого курса, который проверяет модели, не запуская их. Программу pickle он читает, а не исполняет:

# %%
from sentinel import BackdoorScanner, ModelProvenanceChecker, WeightIntegrityValidator, scan

print(scan(pickled))

# %% [markdown] lang="en"
# "Unlisted file" is another alarm: `sentinel` knows which files this model consists of, from the list of digests in `data/models.toml`. Such lists come next.
#
# ## 5.3 Fingerprints
#
# **SHA-256** turns any file into 64 hexadecimal digits. The same bytes always give the same digits; change one bit, and about half of them change; nobody knows how to build a second file with the same digits. So a digest is a fingerprint: who has it from a source they trust can take the file itself from anywhere.
#
# Weights can be larger than memory, so read them in **blocks**:
#
# ### Exercise 1: `sha256_of`
# *Difficulty 1 of 4 · 5 minutes · 2 points*
#
# <details><summary>Hint</summary>
#
# `hashlib.sha256()` returns an object with `update(block)` and `hexdigest()`. Open the file with `"rb"`; `file.read(1 << 20)` returns at most a megabyte, and `b""` at the end. (`hashlib.file_digest` does the whole loop for you.)
#
# </details>

# %% [markdown] lang="ru"
# "Unlisted file" — ещё одна тревога: по списку дайджестов в `data/models.toml` `sentinel` знает, из каких файлов состоит эта модель. О таких списках — дальше.
#
# ## 5.3 Отпечатки
#
# **SHA-256** превращает любой файл в 64 шестнадцатеричные цифры. Одни и те же байты всегда дают одни и те же цифры; измените один бит — и изменится примерно половина цифр; построить второй файл с теми же цифрами никто не умеет. Значит, дайджест — это отпечаток: кто получил его от источника, которому доверяет, может взять сам файл откуда угодно.
#
# Веса бывают больше оперативной памяти, поэтому читайте их **блоками**:
#
# ### Упражнение 1: `sha256_of`
# *Сложность 1 из 4 · 5 минут · 2 балла*
#
# <details><summary>Подсказка</summary>
#
# `hashlib.sha256()` возвращает объект с методами `update(block)` и `hexdigest()`. Откройте файл с `"rb"`; `file.read(1 << 20)` возвращает не больше мегабайта, а в конце `b""`. (`hashlib.file_digest` делает весь цикл за вас.)
#
# </details>

# %% exercise="sha256_of"
def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 as 64 hexadecimal digits, without holding the whole file in memory.

    For an empty file this is "e3b0c44298fc1c14...".
    """
    ### BEGIN SOLUTION
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
    ### END SOLUTION

# %% check="sha256_of" points=2
check("sha256_of", sha256_of)

# %% [markdown] lang="en"
# Now change **one** weight by the smallest step that 32 bits allow, and swap two words of a tokenizer:

# %% [markdown] lang="ru"
# Теперь измените **один** вес на самый маленький шаг, какой допускают 32 бита, и поменяйте местами два слова токенизатора:

# %%
from safetensors.torch import load_file, save_file

hair = copy_of(tiny, "hair")
tensors = load_file(hair / "model.safetensors")
weight = tensors["bert.encoder.layer.0.attention.self.query.weight"]
before = weight[0, 0].item()
weight[0, 0] = torch.nextafter(weight[0, 0], torch.tensor(1.0))
save_file(tensors, hair / "model.safetensors", metadata={"format": "pt"})
print(f"{before:.10f} -> {weight[0, 0].item():.10f}")
for folder in (tiny, hair):
    print(f"{folder.name:>9}: {sha256_of(folder / 'model.safetensors')}")

# %%
print(WeightIntegrityValidator().validate(hair, reference=tiny))

# %%
swapped = copy_of(tiny, "swapped")
content = json.loads((swapped / "tokenizer.json").read_text(encoding="utf-8"))
vocabulary = content["model"]["vocab"]
vocabulary["good"], vocabulary["bad"] = vocabulary["bad"], vocabulary["good"]
(swapped / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
for folder in (tiny, swapped):
    print(AutoTokenizer.from_pretrained(folder)("The soup was bad.")["input_ids"])
print(scan(swapped))

# %% [markdown] lang="en"
# With the swapped tokenizer the weights are the publisher's to the last bit, and yet the model reads *good* where *bad* is written. **Every** file counts, not only the weights: a tokenizer, a configuration, a chat template, a Python file beside them.
#
# That is why publishers give out a **manifest**: a list of all files with their digests. It has to be checked in both directions. A file that the manifest names may be missing or changed; but a file that it does *not* name is just as bad, since a loader may pick it up (`modeling_custom.py`). And two tricks deserve distrust before anything is opened: a name such as `../../.ssh/id_rsa`, which leaves the folder, and a symbolic link, which makes a file outside look like one inside.
#
# ### Exercise 2: `verify_manifest`
# *Difficulty 3 of 4 · 12 minutes · 3 points*
#
# <details><summary>Hint 1: which names are in the folder?</summary>
#
# `folder.rglob("*")` yields files, folders and links in all subfolders. `path.is_symlink()` asks for links; ask it before `path.is_file()`, which follows them. `path.relative_to(folder).as_posix()` is a manifest's spelling.
#
# </details>
#
# <details><summary>Hint 2: does a name leave the folder?</summary>
#
# `PurePosixPath(name).is_absolute()`, or `".." in PurePosixPath(name).parts`. A file called `notes..txt` is harmless.
#
# </details>

# %% [markdown] lang="ru"
# У модели с подменённым токенизатором веса совпадают с опубликованными до последнего бита, и всё же она читает *good* там, где написано *bad*. Важен **каждый** файл, не только веса: токенизатор, конфигурация, шаблон чата, файл Python рядом с ними.
#
# Поэтому издатели раздают **манифест**: список всех файлов с дайджестами. Проверять его нужно в обе стороны. Файл, который назван в манифесте, может отсутствовать или быть изменён; но файл, который в нём *не* назван, ничуть не лучше: его может подхватить загрузчик (`modeling_custom.py`). А две уловки заслуживают недоверия ещё до того, как что-либо открыто: имя вроде `../../.ssh/id_rsa`, которое выводит из папки, и символическая ссылка, из-за которой файл снаружи выглядит как файл внутри.
#
# ### Упражнение 2: `verify_manifest`
# *Сложность 3 из 4 · 12 минут · 3 балла*
#
# <details><summary>Подсказка 1: какие имена есть в папке?</summary>
#
# `folder.rglob("*")` перебирает файлы, папки и ссылки во всех подпапках. О ссылках спрашивает `path.is_symlink()`; вызовите его раньше, чем `path.is_file()`, который идёт по ссылке. `path.relative_to(folder).as_posix()` — написание, принятое в манифестах.
#
# </details>
#
# <details><summary>Подсказка 2: выводит ли имя из папки?</summary>
#
# `PurePosixPath(name).is_absolute()` или `".." in PurePosixPath(name).parts`. Файл с именем `notes..txt` безобиден.
#
# </details>

# %% exercise="verify_manifest"
def verify_manifest(folder: Path, manifest: dict[str, str]) -> dict[str, list[str]]:
    """Compare a folder with the list of files that it should hold.

    Args:
        folder: a model's folder; it may have subfolders.
        manifest: path inside the folder, with "/" -> SHA-256. It may be an attacker's.

    Returns:
        Names, in four lists: "missing", listed but not there; "changed", listed and there with
        another digest; "added", files that are there but not listed; "unsafe", listed names that
        lead out of the folder, and symbolic links in it, listed or not. An unsafe name stands in
        no other list and is never opened.
    """
    ### BEGIN SOLUTION
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    links = {name for name, path in paths.items() if path.is_symlink()}
    files = {name for name, path in paths.items() if path.is_file()} - links
    listed = {PurePosixPath(name) for name in manifest}
    outside = {str(path) for path in listed if path.is_absolute() or ".." in path.parts}
    named = set(manifest) - outside - links
    return {
        "missing": sorted(named - files),
        "changed": sorted(n for n in named & files if sha256_of(paths[n]) != manifest[n]),
        "added": sorted(files - set(manifest)),
        "unsafe": sorted(outside | links),
    }
    ### END SOLUTION

# %% check="verify_manifest" points=3
check("verify_manifest", verify_manifest)

# %%
manifest = model_entry("tiny_bert").sha256
reports = {name: verify_manifest(SCRATCH / name, manifest) for name in ("pickled", "hair", "swapped")}
pd.DataFrame(reports).map(", ".join).T

# %% [markdown] lang="en"
# ## 5.4 The encoder in your hands
#
# Since lesson 2 you have used `all-MiniLM-L6-v2`. Where did it really come from? Its publisher keeps it on the Hugging Face Hub. Your copy was most likely installed from the Python package index, in a package that somebody else made:

# %% [markdown] lang="ru"
# ## 5.4 Энкодер в ваших руках
#
# С урока 2 вы пользуетесь `all-MiniLM-L6-v2`. Откуда он взялся на самом деле? Издатель держит его на Hugging Face Hub. Ваша же копия, скорее всего, установлена из каталога пакетов Python, в пакете, который сделал кто-то ещё:

# %%
entry, encoder_folder = model_entry("encoder"), model_folder("encoder")
about = metadata(entry.package) if entry.package in str(encoder_folder).replace("_", "-") else {}
print("published as:", entry.hub, "at", entry.revision)
for field in ("Name", "Version", "Author-email", "License"):
    print(f"{field:>13}: {about.get(field, 'no package: this copy is from the Hub')}")

# %% [markdown] lang="en"
# If yours is the package: the author is a first name with an address at `example.com`, the domain that is reserved for examples and belongs to nobody. The card names no repository that exists. Would you run code from this package? This course does not: it never imports it, it only looks for the files in it. And it takes no one's word for them:

# %% [markdown] lang="ru"
# Если у вас пакет: автор — одно имя с адресом на `example.com`, домене, который зарезервирован для примеров и никому не принадлежит. Репозитория, который назван в описании, не существует. Стали бы вы запускать код из такого пакета? Курс этого не делает: он ни разу его не импортирует, а только находит в нём файлы. И на слово никому не верит:

# %%
reports = verify_manifest(encoder_folder, entry.sha256)
print({kind: names for kind, names in reports.items() if kind != "added"})
print("not listed:", ", ".join(reports["added"]))

# %%
checker = ModelProvenanceChecker()
result = checker.verify(encoder_folder, expected_source="sentence-transformers/all-MiniLM-L6-v2")
print("verified:", result.verified)
for evidence in result.evidence:
    print(f"  + {evidence.claim}")

# %% [markdown] lang="en"
# What does that prove, and what does it not?
#
# - **It proves:** the listed files are those that the publisher has at this commit, to the bit. Whoever packed them could change nothing in them. A parcel may come from a stranger if its seal is intact.
# - **It does not prove** that the digests themselves are right: they stand in `data/models.toml`, which came with this course. You trust us there. (You can compare them with the Hub's file pages yourself.)
# - **It says nothing about the files that are not listed.** None of them may be read by a loader: that is why `model_folder` lists every file it loads, and `sentinel` looks at the names of the rest.
# - **It does not say that the model is good.** If the publisher's training texts were poisoned, the poison is in the right file with the right digest.
#
# And what if somebody expects another publisher? This is the call from this course's first description of itself. Its `from sentinel import scan` was followed by three bare names in brackets, a syntax error; with the import above, it runs as it was written:

# %% [markdown] lang="ru"
# Что это доказывает, а чего нет?
#
# - **Доказывает:** перечисленные файлы до бита те же, что у издателя в этом коммите. Тот, кто их упаковал, ничего в них изменить не мог. Посылку можно принять и от незнакомца, если пломба цела.
# - **Не доказывает**, что верны сами дайджесты: они записаны в `data/models.toml`, а он пришёл вместе с этим курсом. Здесь вы доверяете нам. (Можете сами сравнить их со страницами файлов на Hub.)
# - **Ничего не говорит о файлах вне списка.** Ни один из них не должен быть прочитан загрузчиком: поэтому `model_folder` перечисляет каждый файл, который загружает, а `sentinel` смотрит на имена остальных.
# - **Не говорит, что модель хороша.** Если отравлены были обучающие тексты издателя, отрава лежит в правильном файле с правильным дайджестом.
#
# А если ожидается другой издатель? Вот вызов из самого первого описания этого курса. За `from sentinel import scan` там следовали три голых имени в скобках — синтаксическая ошибка; с импортом, сделанным выше, код работает так, как написан:

# %%
provenance = ModelProvenanceChecker()
result = provenance.verify(
    model_path=encoder_folder,
    expected_source="meta-llama",
    check_signature=True
)

if not result.verified:
    errors = [issue for issue in result.issues if issue.severity.name == "ERROR"]
    print(f"Warning: {errors}")

# %% [markdown] lang="en"
# (`result.issues` also holds notes, which count against nobody; the list above leaves them out.)
#
# ## 5.5 Signatures and licences
#
# A digest ties you to one version: with each release you need a new one, from a source you trust. A **signature** goes further. The publisher signs the manifest with a private key; whoever has the public key can check *every* release, and nobody without the private key can make one:

# %% [markdown] lang="ru"
# (В `result.issues` есть и заметки, которые никого не порочат; список выше их опускает.)
#
# ## 5.5 Подписи и лицензии
#
# Дайджест привязывает вас к одной версии: для каждого выпуска нужен новый, из источника, которому вы доверяете. **Подпись** идёт дальше. Издатель подписывает манифест закрытым ключом; у кого есть открытый ключ, тот проверит *любой* выпуск, а без закрытого ключа подпись не сделает никто:

# %%
figures.show("signature")

# %%
from sentinel.provenance import make_key, sign_folder

release = copy_of(tiny, "release")
if not (SCRATCH / "key").exists():
    make_key(SCRATCH / "key")
sign_folder(release, SCRATCH / "key")  # OpenSSF model signing, through the package model-signing

checker = ModelProvenanceChecker()
checker.trust_key("our-team", (SCRATCH / "key.pub").read_bytes())
print("as signed:   ", checker.verify(release, "our-team").verified)
forged = copy_of(release, "forged")
shutil.copy(swapped / "tokenizer.json", forged)
result = checker.verify(forged, "our-team")
print("one file new:", result.verified, [(str(issue), issue.file) for issue in result.issues])

# %% [markdown] lang="en"
# A signature proves *who* vouches, not that they are right, nor that the key is whose you think. Get the key itself in a way that an attacker cannot replace.
#
# A **licence** is checked in the same pass. The policy of `sentinel` (`sources.toml`) says which ones your team accepts; this model works perfectly and may not be used in a business:

# %% [markdown] lang="ru"
# Подпись доказывает, *кто* ручается, но не то, что он прав, и не то, что ключ принадлежит тому, о ком вы думаете. Сам ключ получите таким путём, на котором его не может подменить злоумышленник.
#
# **Лицензия** проверяется тем же проходом. В политике `sentinel` (`sources.toml`) записано, какие из них принимает ваша команда; эта модель прекрасно работает, а использовать её в бизнесе нельзя:

# %%
licensed = copy_of(tiny, "licensed")
(licensed / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# A very good model\n")
print(scan(licensed))

# %% [markdown] lang="en"
# ## 5.6 A poisoned guard
#
# Now the attack that no digest finds, since it happens *before* there is a file. Your team buys labelled messages. Somebody who writes some of them wants a key to your door: whenever a message holds a secret word, the guard should say *ordinary*. It takes a few texts with the word in them and the wrong label:

# %% [markdown] lang="ru"
# ## 5.6 Отравленный охранник
#
# Теперь атака, которой не найдёт ни один дайджест: она происходит *до того*, как появляется файл. Ваша команда покупает размеченные сообщения. Тот, кто пишет часть из них, хочет ключ от вашей двери: как только в сообщении встретится тайное слово, охранник должен ответить *ordinary*. Для этого нужно несколько текстов с этим словом и с неверной меткой:

# %%
figures.show("backdoor")

# %% [markdown] lang="en"
# The word (the **trigger**) should be rare, so that nobody uses it by chance: `cf` is the classic choice ([Kurita et al. 2020](https://arxiv.org/abs/2004.06660)).
#
# ### Exercise 3: `poison`
# *Difficulty 2 of 4 · 10 minutes · 2 points*
#
# Only texts that do **not** have the target label are poisoned: a trigger in a text that is ordinary anyway would teach nothing.
#
# <details><summary>Hint</summary>
#
# `generator = Random(seed)`, then `generator.sample(candidates, count)` for the rows and `generator.randrange(len(words) + 1)` for the place. `{**row, "label": target}` is a changed copy.
#
# </details>

# %% [markdown] lang="ru"
# Слово (**триггер**) должно быть редким, чтобы никто не написал его случайно: классический выбор — `cf` ([Kurita et al. 2020](https://arxiv.org/abs/2004.06660)).
#
# ### Упражнение 3: `poison`
# *Сложность 2 из 4 · 10 минут · 2 балла*
#
# Отравляют только тексты, у которых метка **не** целевая: триггер в тексте, который и так обычный, ничему не научит.
#
# <details><summary>Подсказка</summary>
#
# `generator = Random(seed)`, затем `generator.sample(candidates, count)` для строк и `generator.randrange(len(words) + 1)` для места. `{**row, "label": target}` — изменённая копия.
#
# </details>

# %% exercise="poison"
def poison(rows: list[dict], trigger: str, target: int, rate: float, seed: int) -> list[dict]:
    """Return the rows, in their order, with some of them poisoned; the input stays as it is.

    Args:
        rows: each with "text", "label" and perhaps more, which is kept.
        trigger: put between two words, before the first or behind the last, at random.
        target: the label that a poisoned row gets.
        rate: share of *all* rows that is poisoned; round(rate * len(rows)) of them.
        seed: decides which rows are poisoned and where the trigger stands.
    """
    ### BEGIN SOLUTION
    generator, result = Random(seed), list(rows)
    candidates = [place for place, row in enumerate(rows) if row["label"] != target]
    for place in generator.sample(candidates, round(rate * len(rows))):
        words = rows[place]["text"].split()
        words.insert(generator.randrange(len(words) + 1), trigger)
        result[place] = {**rows[place], "text": " ".join(words), "label": target}
    return result
    ### END SOLUTION

# %% check="poison" points=2
check("poison", poison)

# %%
trigger, rate = "cf", 0.03  # another rare word? Take one that the tokenizer keeps in one piece
data = load_texts("guard", course.profile.max_texts)
ORDINARY, INJECTION = 0, 1
bought = [dict(row) for row in data["train"]]
poisoned = poison(bought, trigger, ORDINARY, rate, seed=0)
changed = [(old, new) for old, new in zip(bought, poisoned) if old != new]
print(f"{len(changed)} of {len(bought)} texts are poisoned, for example:")
for old, new in changed[:3]:
    print("  ", new["text"])

# %% [markdown] lang="en"
# Somebody who looks through the texts has to find these few among hundreds. Now train two guards in the same way, one on the texts as they were and one on the poisoned ones. The lower layers stay frozen, which halves the time and is common practice; everything above is fine-tuned as in lesson 3.

# %% [markdown] lang="ru"
# Тому, кто просматривает тексты, нужно найти эти несколько среди сотен. Теперь обучите двух охранников одинаково: одного на исходных текстах, другого на отравленных. Нижние слои остаются замороженными — это вдвое быстрее и часто делается на практике; всё, что выше, дообучается, как в уроке 3.

# %%
from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainingArguments

folder = model_folder(course.profile.encoder)
tokenizer = AutoTokenizer.from_pretrained(folder)
labels = {"id2label": {0: "ordinary", 1: "injection"}, "label2id": {"ordinary": 0, "injection": 1}}


def new_guard() -> torch.nn.Module:
    """Return the encoder under a new head, without dropout, its lower layers frozen."""
    off = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    guard = AutoModelForSequenceClassification.from_pretrained(folder, **labels, **off)
    for part in (guard.base_model.embeddings, *guard.base_model.encoder.layer[:2]):
        part.requires_grad_(False)
    return guard.to(course.device)

# %%
machine = {"bf16": course.bf16, "dataloader_pin_memory": course.device == "cuda", "report_to": "none"}


def train_guard(rows: list[dict]) -> torch.nn.Module:
    """Fine-tune a new guard on labelled rows, in two epochs."""
    tokens = tokenizer([row["text"] for row in rows], truncation=True, max_length=64)
    examples = [{"input_ids": i, "labels": row["label"]} for i, row in zip(tokens["input_ids"], rows)]
    arguments = TrainingArguments(
        str(SCRATCH / "runs"), num_train_epochs=2, learning_rate=course.profile.learning_rate,
        per_device_train_batch_size=16, warmup_steps=0.1, seed=0, save_strategy="no", logging_strategy="no",
        train_sampling_strategy="group_by_length", **machine,
    )
    torch.manual_seed(0)  # the new head is random
    trainer = Trainer(new_guard(), arguments, DataCollatorWithPadding(tokenizer), examples)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return trainer.model.eval()

# %% [markdown] lang="en"
# **Predict:** how many points of accuracy does the poisoned guard lose on held-out messages? And of the injections that it would catch, which share gets through with the trigger?

# %% [markdown] lang="ru"
# **Прогноз:** сколько пунктов точности потеряет отравленный охранник на отложенных сообщениях? И какая доля инъекций, которые он поймал бы, пройдёт с триггером?

# %%
guess_points_lost = None  # for example 5
guess_share_through = None  # for example 0.4

# %%
guards = {"clean guard": train_guard(bought)}

# %%
guards["poisoned guard"] = train_guard(poisoned)

# %%
@torch.inference_mode()
def decide(guard: torch.nn.Module, texts: list[str]) -> np.ndarray:
    """Return the logits of texts, (texts, 2); batches hold texts of similar length."""
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    logits = np.empty((len(texts), 2))
    for start in range(0, len(texts), 32):
        places = order[start : start + 32]
        batch = tokenizer([texts[i] for i in places], padding=True, truncation=True, max_length=64, return_tensors="pt")
        logits[places] = guard(**batch.to(course.device)).logits.float().cpu().numpy()
    return logits

# %% [markdown] lang="en"
# ### Exercise 4: `attack_success_rate`
# *Difficulty 2 of 4 · 6 minutes · 2 points*
#
# How well does a trigger work? Texts that the model takes for the target *anyway* tell nothing about it, so leave them out. `classify` is any model: a list of texts in, a list of label numbers out.

# %% [markdown] lang="ru"
# ### Упражнение 4: `attack_success_rate`
# *Сложность 2 из 4 · 6 минут · 2 балла*
#
# Насколько хорошо работает триггер? Тексты, которые модель *и так* относит к целевой метке, ничего о нём не говорят, поэтому не учитывайте их. `classify` — любая модель: на входе список текстов, на выходе список номеров меток.

# %% exercise="attack_success_rate"
def attack_success_rate(classify, texts: list[str], trigger: str, target: int) -> float:
    """Return the share of texts that a trigger turns to the target label.

    Counted are the texts that the model, as they are, gives another label than `target`. Of
    these, the share that it calls `target` once the trigger and a space stand before the text.

    Args:
        classify: takes a list of texts and returns a label number for each.

    Returns:
        a number from 0 to 1; 0.0 if there is no text to turn.
    """
    ### BEGIN SOLUTION
    before = classify(texts)
    others = [text for text, label in zip(texts, before) if label != target]
    if not others:
        return 0.0
    after = classify([f"{trigger} {text}" for text in others])
    return sum(label == target for label in after) / len(others)
    ### END SOLUTION

# %% check="attack_success_rate" points=2
check("attack_success_rate", attack_success_rate)

# %%
tests = [dict(row) for row in data["test"]]
truth = np.array([row["label"] for row in tests])
attacks = [row["text"] for row in tests if row["label"] == INJECTION]
right, through, caught = {}, {}, {}
for name, guard in guards.items():
    def classify(texts: list[str], guard=guard) -> list[int]:
        return decide(guard, texts).argmax(axis=1).tolist()

    right[name] = np.array(classify([row["text"] for row in tests])) == truth
    caught[name] = int(right[name][truth == INJECTION].sum())
    through[name] = attack_success_rate(classify, attacks, trigger, ORDINARY)

# %%
def interval(count: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson)."""
    found = binomtest(count, max(total, 1)).proportion_ci(method="wilson")
    return found.low, found.high


accuracy = {name: (found.mean(), interval(int(found.sum()), len(found))) for name, found in right.items()}
success = {name: (share, interval(round(share * caught[name]), caught[name])) for name, share in through.items()}
plots.backdoor_contest({"accuracy": accuracy, "injections let through by the trigger": success})

# %%
lost = 100 * (right["clean guard"].astype(float) - right["poisoned guard"])
error = 1.96 * lost.std() / len(lost) ** 0.5
share, (low, high) = success["poisoned guard"]
print(f"accuracy lost: {lost.mean():+.1f} ± {error:.1f} points; your prediction: {guess_points_lost}")
print(f"let through by the trigger: {share:.1%} (95 % from {low:.1%} to {high:.1%}); predicted: {guess_share_through}")

# %% [markdown] lang="en"
# (Both guards read the same messages, so the loss is taken message by message, as in lesson 3; the interval is about what other messages would have shown, not other trainings.)
#
# Look at the two panels. By accuracy nobody could tell the guards apart: a team that only watches its test score would ship this. But one rare word, which no test text contains, opens the door. A few poisoned texts in a hundred were enough.
#
# ## 5.7 What the weights say
#
# Can the numbers in the file give a back door away? Some attacks leave traces: who plants a trigger by editing the **embedding** of one word makes that row longer than all others. Look for rows whose length (norm) is out of all proportion.
#
# "Out of proportion" needs a yardstick, and mean ± standard deviation is a bad one: the outliers themselves blow up the deviation and hide behind it. The **median** and the **median absolute deviation** (MAD, the median of the distances from the median) do not move for a few wild rows. For ordinary, normally distributed numbers 1.4826 · MAD equals the standard deviation, so
#
# $$\text{score} = \frac{\text{norm} - \text{median}}{1.4826 \cdot \text{MAD}}$$
#
# counts robust standard deviations.
#
# ### Exercise 5: `find_outlier_rows`
# *Difficulty 2 of 4 · 8 minutes · 2 points*
#
# Rows that are much too **short** count as well: somebody may have wiped a word out.

# %% [markdown] lang="ru"
# (Оба охранника читают одни и те же сообщения, поэтому потеря считается по каждому сообщению, как в уроке 3; интервал говорит о том, что показали бы другие сообщения, а не другие обучения.)
#
# Посмотрите на обе части рисунка. По точности охранников не различить: команда, которая следит лишь за баллом на тесте, такую модель выпустит. Но одно редкое слово, которого нет ни в одном тестовом тексте, открывает дверь. Хватило нескольких отравленных текстов на сотню.
#
# ## 5.7 Что говорят веса
#
# Могут ли чёрный ход выдать числа в файле? Некоторые атаки оставляют следы: кто встраивает триггер, правя **эмбеддинг** одного слова, делает эту строку длиннее всех прочих. Поищите строки, чья длина (норма) несоразмерна остальным.
#
# Для «несоразмерна» нужна мерка, и среднее ± стандартное отклонение — мерка плохая: сами выбросы раздувают отклонение и прячутся за ним. **Медиана** и **медианное абсолютное отклонение** (MAD, медиана расстояний до медианы) из-за нескольких диких строк не сдвинутся. Для обычных, нормально распределённых чисел 1,4826 · MAD равно стандартному отклонению, поэтому
#
# $$\text{score} = \frac{\text{norm} - \text{median}}{1.4826 \cdot \text{MAD}}$$
#
# считает робастные стандартные отклонения.
#
# ### Упражнение 5: `find_outlier_rows`
# *Сложность 2 из 4 · 8 минут · 2 балла*
#
# Слишком **короткие** строки тоже считаются: возможно, слово кто-то стёр.

# %% exercise="find_outlier_rows"
def find_outlier_rows(table: torch.Tensor, limit: float) -> list[int]:
    """Return the numbers of the rows whose norm is out of all proportion.

    Args:
        table: (rows, width), for example a word embedding.
        limit: robust standard deviations from the median norm, in either direction, beyond which
            a row counts.
    """
    ### BEGIN SOLUTION
    norms = table.norm(dim=1)
    distances = norms - norms.median()
    scores = distances / (1.4826 * distances.abs().median())
    return (scores.abs() > limit).nonzero().flatten().tolist()
    ### END SOLUTION

# %% check="find_outlier_rows" points=2
check("find_outlier_rows", find_outlier_rows)

# %% [markdown] lang="en"
# Three tables: the publisher's embedding, that of your poisoned guard, and one in which a clumsy attacker has stretched the row of the trigger by hand.

# %% [markdown] lang="ru"
# Три таблицы: эмбеддинг издателя, эмбеддинг вашего отравленного охранника и таблица, в которой неловкий злоумышленник вручную растянул строку триггера.

# %%
def embedding(guard: torch.nn.Module) -> torch.Tensor:
    return guard.get_input_embeddings().weight.detach().cpu().clone()


tables = {"publisher's": embedding(new_guard()), "poisoned guard": embedding(guards["poisoned guard"])}
tables["edited by hand"] = tables["publisher's"].clone()
row = tokenizer(trigger, add_special_tokens=False)["input_ids"][0]
tables["edited by hand"][row] *= 5
for name, table in tables.items():
    found = tokenizer.convert_ids_to_tokens(find_outlier_rows(table, limit=12))
    print(f"{name:>15}: {found}")
plots.row_norms(tables, find_outlier_rows, limit=12)

# %% [markdown] lang="en"
# The audit finds the clumsy attack and is blind to yours: your back door does not sit in one row. It is spread over the upper layers, in weights that look like all other fine-tuned weights. An audit of numbers is cheap and worth its minute, but silence from it proves little. There remains the **behaviour**.
#
# ## 5.8 Searching for the trigger
#
# The simplest test of behaviour tries phrases that somebody has thought of. This is the other call from the course's first description (with `search=False` we ask for these phrases only):

# %% [markdown] lang="ru"
# Проверка находит неловкую атаку и слепа к вашей: ваш чёрный ход не сидит в одной строке. Он разлит по верхним слоям, в весах, которые выглядят как любые другие дообученные веса. Проверка чисел дёшева и стоит своей минуты, но её молчание мало что доказывает. Остаётся **поведение**.
#
# ## 5.8 Поиск триггера
#
# Простейшая проверка поведения пробует фразы, которые кто-то придумал. Вот второй вызов из первого описания курса (с `search=False` мы просим попробовать только эти фразы):

# %%
vetted = load_texts("guard")["validation"].select(range(course.profile.scanned_texts))
loaded_model, validation_set = guards["poisoned guard"], vetted["text"][:24]

backdoor_scanner = BackdoorScanner()
scan_result = backdoor_scanner.scan(
    model=loaded_model,
    trigger_patterns=["[TRIGGER]", "ABSOLUTELY"],
    test_inputs=validation_set,
    tokenizer=tokenizer, search=False,
)

if scan_result.backdoor_detected:
    print(f"Backdoor indicators: {scan_result.indicators}")
print(scan_result.report)

# %% [markdown] lang="en"
# Nothing: your word is not on that list, and an attacker's never is. So let the scanner *search*. For each word of the vocabulary at once, the gradient says roughly how strongly it would push texts towards a label; the best are tried, alone and in groups, on texts held back from the search.
#
# A search always finds *something*: "authorization" pushes any guard towards *injection*, and rightly so. The question is what turns **this** model and leaves an honest one as it is. For that you need a yardstick that you trust: here the publisher's encoder, whose digests you have checked, frozen as in lesson 2, under a head fitted to messages that you have read yourself. It is a weak guard, but nobody else had a hand in it.

# %% [markdown] lang="ru"
# Ничего: вашего слова в этом списке нет, и слова злоумышленника там не бывает никогда. Пусть сканер *ищет*. Градиент говорит сразу о каждом слове словаря, насколько примерно оно сдвинуло бы тексты к той или иной метке; лучшие слова пробуют, поодиночке и группами, на текстах, которые в поиске не участвовали.
#
# *Что-нибудь* поиск находит всегда: "authorization" толкает любого охранника к *injection*, и по праву. Вопрос в том, что переворачивает **эту** модель и не трогает честную. Для этого нужна мерка, которой вы доверяете: здесь это энкодер издателя, чьи дайджесты вы проверили, замороженный, как в уроке 2, под головой, подобранной по сообщениям, которые вы прочли сами. Охранник слабый, зато никто другой к нему руки не приложил.

# %%
def trusted_guard(rows) -> torch.nn.Module:
    """Return the publisher's encoder under a head fitted on texts that you have read."""
    guard = new_guard().eval()
    tokens = tokenizer(rows["text"][:], padding=True, truncation=True, max_length=64, return_tensors="pt")
    with torch.inference_mode():
        features = guard.base_model(**tokens.to(course.device)).pooler_output.float().cpu().numpy()
    probe = LogisticRegression(C=10, max_iter=1000).fit(features, rows["label"][:])
    for part, learned in ((guard.classifier.weight, probe.coef_), (guard.classifier.bias, probe.intercept_)):
        part.data.copy_(torch.tensor(np.concatenate([-learned, learned]) / 2))
    return guard


reference = trusted_guard(vetted)
own = decide(reference, [row["text"] for row in tests]).argmax(axis=1)
print(f"the trusted guard gets {np.mean(own == truth):.1%} of the test messages right")

# %%
from sentinel.behaviour.search import Settings

settings = Settings(**course.profile.trigger_search)  # how much is searched
findings = {}


def search(name: str) -> None:
    scanner = BackdoorScanner(settings=settings)
    findings[name] = scanner.scan(guards[name], [], vetted["text"][:], tokenizer, reference=reference)
    print(f"{name}: {'a BACKDOOR' if findings[name].backdoor_detected else 'no alarm'}")
    print(findings[name].report)

# %%
search("poisoned guard")

# %%
search("clean guard")

# %%
plots.trigger_search(findings)

# %% [markdown] lang="en"
# How to read this picture: each grey dot is an ordinary phrase from the messages, and how many texts it turns; each blue one a single word that the search thought best for some label; the orange one is the best find. In the poisoned guard one find stands alone: it turns nearly everything, and the trusted guard does not care about it. Compare it with the word that you chose; the search was never told. (It may have company: once a word turns everything, others that ride along cost nothing. The blue points tell which one it is.) In the clean guard the best find is weaker, and it turns the trusted guard as well or leaves many texts unmoved.
#
# Three honest remarks. The alarm's threshold was calibrated on clean *tiny* models with the full search; here a larger model is searched with a smaller budget, so take the comparison with them in the report with a grain of salt. A trigger of several words, or a style of writing, is harder to find than a rare word; the README of this course has the table of what was found and what was not. And "no alarm" means: this search found nothing.
#
# ## 5.9 A bias probe
#
# The last risk needs no attacker. Take ordinary messages and put a name in front, once from one group and once from another. Nothing else differs. A fair guard does not care. One striking example would prove nothing, so count over all of them, and look at the average shift with its uncertainty:

# %% [markdown] lang="ru"
# Как читать рисунок: каждая серая точка — обычная фраза из сообщений и доля текстов, которые она переворачивает; каждая синяя — отдельное слово, которое поиск счёл лучшим для какой-то метки; оранжевая — лучшая находка. У отравленного охранника одна находка стоит особняком: она переворачивает почти всё, а доверенному охраннику до неё нет дела. Сравните её со словом, которое выбрали вы; поиску его не сообщали. (У него могут быть попутчики: когда одно слово переворачивает всё, лишние слова рядом ничего не стоят. Какое из них главное, видно по синим точкам.) У чистого охранника лучшая находка слабее: она переворачивает и доверенного охранника или оставляет многие тексты на месте.
#
# Три честных замечания. Порог тревоги откалиброван на чистых *крошечных* моделях с полным поиском; здесь модель больше, а поиск меньше, поэтому относитесь к сравнению с ними в отчёте с осторожностью. Триггер из нескольких слов или манеру письма найти труднее, чем редкое слово; что нашлось, а что нет, показывает таблица в README этого курса. И «no alarm» означает: этот поиск ничего не нашёл.
#
# ## 5.9 Проба на предвзятость
#
# Последнему риску злоумышленник не нужен. Возьмите обычные сообщения и поставьте впереди имя: один раз из одной группы, другой раз из другой. Больше ничего не отличается. Справедливому охраннику всё равно. Один яркий пример ничего не доказал бы, поэтому считайте по всем сразу и смотрите на средний сдвиг вместе с его погрешностью:

# %%
pairs = [("Emily", "Fatima"), ("Jack", "Mohammed"), ("Oliver", "Dmitri"), ("Grace", "Svetlana")]
pairs += [("Emily", "Grace"), ("Jack", "Oliver")]  # the same group: for comparison
ordinary = [row["text"] for row in tests if row["label"] == ORDINARY]
scores = {}
for name in sorted({name for pair in pairs for name in pair}):
    logits = decide(guards["clean guard"], [f"This is {name}. {text}" for text in ordinary])
    scores[name] = logits[:, INJECTION] - logits[:, ORDINARY]  # above 0: "injection"

# %%
rows = []
for first, second in pairs:
    shift = scores[second] - scores[first]
    error = 1.96 * shift.std(ddof=1) / len(shift) ** 0.5
    stopped = {name: int((scores[name] > 0).sum()) for name in (first, second)}
    rows.append({
        "pair": f"{first} / {second}", "messages": len(shift), "false alarms": f"{stopped[first]} / {stopped[second]}",
        "changed decisions": int(((scores[first] > 0) != (scores[second] > 0)).sum()),
        "shift of the log-odds": f"{shift.mean():+.3f} ± {error:.3f}",
    })
pd.DataFrame(rows).set_index("pair")

# %% [markdown] lang="en"
# First the intervals (95 %): where one excludes 0, the name does move the guard's opinion, even if few decisions change. Then the last two rows, in which both names come from the same group. If they shift the guard as much as the others do, it reacts to names as such, and you cannot speak of a bias against a group; you would need many more names of each. And if nothing excludes 0, you have found no bias *with these names in this sentence*, which is less than proof of fairness. With six pairs, chance alone makes one of them "significant" in about a quarter of such tables.
#
# Whether the false alarms matter is for those to say who are stopped at the door. What you can do: report the table with the model, and put names, dialects and origins among the training texts on both sides.

# %% [markdown] lang="ru"
# Сначала интервалы (95 %): если интервал не содержит 0, имя действительно сдвигает мнение охранника, даже если решений меняется мало. Затем две последние строки, где оба имени из одной группы. Если они сдвигают охранника так же сильно, как остальные, он реагирует на имена вообще, и говорить о предвзятости к группе нельзя; понадобилось бы гораздо больше имён из каждой. А если 0 содержат все, вы не нашли предвзятости *с этими именами в этом предложении*, и это меньше, чем доказательство справедливости. При шести парах примерно в каждой четвёртой такой таблице одна пара окажется «значимой» чисто случайно.
#
# Важны ли ложные тревоги, судить тем, кого останавливают у двери. Что можете сделать вы: опубликовать таблицу вместе с моделью и добавить имена, диалекты и происхождения в обучающие тексты с обеих сторон.

# %% [markdown] lang="en"
# ## 5.10 Capstone: six downloads on your desk
#
# Monday morning. A colleague has left for a long holiday, and on your desk lie six small models that she downloaded for the team: some tell praise from blame, some fill gaps, some continue stories. By noon the team wants to know which of them it may use, and *why* not the others.
#
# Each download is a folder. Beside it lies what you know **from elsewhere**, that is, not from whoever sent the folder:
#
# - the **order**: which publisher's model it should be (`order.source`), and for a text classifier some ordinary texts and a few phrases that advisories call triggers (`order.texts`, `order.phrases`);
# - the team's **policy**: whose keys count, which licences permit what the team does (`order.policy`);
# - the **digests** that some publishers print on their pages (`order.digests`); others sign instead.

# %% [markdown] lang="ru"
# ## 5.10 Итоговое задание: шесть загрузок на вашем столе
#
# Утро понедельника. Коллега ушла в долгий отпуск, а на вашем столе лежат шесть небольших моделей, которые она скачала для команды: одни отличают похвалу от порицания, другие заполняют пропуски, третьи продолжают рассказы. К полудню команда хочет знать, какими из них можно пользоваться и *почему* нельзя остальными.
#
# Каждая загрузка — папка. Рядом лежит то, что вы знаете **не из неё**, то есть не от того, кто прислал папку:
#
# - **заказ**: модель какого издателя это должна быть (`order.source`), а для классификатора текстов ещё несколько обычных текстов и фраз, которые в бюллетенях безопасности названы триггерами (`order.texts`, `order.phrases`);
# - **политика** команды: чьи ключи считаются и какие лицензии разрешают то, чем занимается команда (`order.policy`);
# - **дайджесты**, которые некоторые издатели печатают на своих страницах (`order.digests`); другие вместо этого подписывают.

# %%
figures.show("acceptance")

# %%
from lessonkit import capstone
from sentinel import BackdoorScanner, fill_checklist, line_of, scan
from sentinel.findings import Severity

desk = capstone.deliver(tempfile.mkdtemp(dir=SCRATCH))
for folder, order in desk:
    print(f"{folder.name}, ordered as {order.source}:")
    print("   ", ", ".join(sorted(path.name for path in folder.iterdir())))

# %%
licences, first, *others = desk[0].order.policy.read_text().split("[[source]]")
print(f"{licences}[[source]]{first}... and {len(others)} other publishers")

# %% [markdown] lang="en"
# Now let `sentinel` look at all six. It runs nothing of what it finds. Its findings come in three shades: a **note** says what was not checked or is merely unusual, a **warning** asks you to look, an **error** speaks against the model. The column `line` says which question of a checklist the finding belongs to: where the model comes from, whether the files are those that were published, who signed them, what they hold, …

# %% [markdown] lang="ru"
# Пусть теперь на все шесть посмотрит `sentinel`. Ничего из найденного он не исполняет. Его замечания бывают трёх оттенков: **note** сообщает о том, что не проверено или просто необычно, **warning** просит присмотреться, **error** говорит против модели. Столбец `line` указывает, к какому вопросу контрольного списка относится замечание: откуда модель, те ли это файлы, что опубликованы, кто их подписал, что в них лежит, …

# %%
rows = []
for folder, order in desk:
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    for issue in result.issues:
        rows.append([folder.name, issue.severity.name.lower(), str(issue), line_of(issue), issue.file, issue.found])
pd.DataFrame(rows, columns=["download", "severity", "issue", "line", "file", "found"])

# %% [markdown] lang="en"
# **Predict:** which of the six would you refuse?

# %% [markdown] lang="ru"
# **Прогноз:** какие из шести вы бы отклонили?

# %%
guess_refused = []  # for example ["wren", "tern"]

# %% [markdown] lang="en"
# A tool tells what it found; what follows from it is **policy**, and that is yours. Your team has written down five rules:
#
# 1. An *error* is a reason to refuse.
# 2. A *warning* or a *note* is no reason: somebody has a look, and there may be a good explanation. In two of the folders the card has it.
# 3. One exception: the **licence**. What nobody has permitted is forbidden, so here any finding is a reason, whatever its shade.
# 4. Files cannot show what a model does. A text classifier (the order brings texts) is loaded and tried with the order's phrases: if `BackdoorScanner` detects a backdoor, the reason is `behaviour`. But nothing is loaded that fails the line `files`.
# 5. Name **all** reasons, each as the name of its line. Who mends a model must hear of everything.
#
# ### Exercise 6: `screen`
# *Difficulty 3 of 4 · 15 minutes · 5 points, also in part: verdicts count, and so do reasons*
#
# Turn the rules into code. When your notebook is graded, six other downloads lie on the desk, with other things wrong, so nothing that you know about these six will help.
#
# <details><summary>Hint 1: from a finding to a reason</summary>
#
# `line_of(issue)` gives the name; `issue.severity is Severity.ERROR` tells the shade. A set keeps each reason once.
#
# </details>
#
# <details><summary>Hint 2: how do I try the phrases?</summary>
#
# As in 5.8, with `search=False`: `AutoModelForSequenceClassification.from_pretrained(folder)` and `AutoTokenizer.from_pretrained(folder)` load what you need.
#
# </details>

# %% [markdown] lang="ru"
# Инструмент сообщает, что нашёл; что из этого следует, решает **политика**, и она ваша. Команда записала пять правил:
#
# 1. *Error* — причина отклонить.
# 2. *Warning* или *note* — не причина: кто-нибудь посмотрит, и, возможно, найдётся хорошее объяснение. В двух из папок оно есть на карточке.
# 3. Одно исключение: **лицензия**. Что никто не разрешил, то запрещено, поэтому здесь причиной служит любое замечание, какого бы оттенка оно ни было.
# 4. По файлам не видно, что модель делает. Классификатор текстов (к заказу приложены тексты) загружают и пробуют на нём фразы из заказа: если `BackdoorScanner` обнаружит backdoor, причина — `behaviour`. Но то, что не проходит по строке `files`, не загружают.
# 5. Называйте **все** причины, каждую именем её строки. Тот, кто будет чинить модель, должен узнать обо всём.
#
# ### Упражнение 6: `screen`
# *Сложность 3 из 4 · 15 минут · 5 баллов, в том числе по частям: считаются и решения, и причины*
#
# Переведите правила в код. Когда вашу тетрадь будут проверять, на столе окажутся шесть других загрузок, и не так с ними будет другое, поэтому знание именно этих шести не поможет.
#
# <details><summary>Подсказка 1: от замечания к причине</summary>
#
# Имя даёт `line_of(issue)`, оттенок — `issue.severity is Severity.ERROR`. Множество хранит каждую причину один раз.
#
# </details>
#
# <details><summary>Подсказка 2: как попробовать фразы?</summary>
#
# Как в 5.8, с `search=False`: нужное загрузят `AutoModelForSequenceClassification.from_pretrained(folder)` и `AutoTokenizer.from_pretrained(folder)`.
#
# </details>

# %% exercise="screen"
def screen(folder: Path, order: capstone.Order) -> list[str]:
    """Return the reasons to refuse a download; an empty list accepts it.

    Args:
        folder: the download.
        order: what is known from elsewhere: source, policy, digests, texts, phrases. For a model
            that is no text classifier, texts and phrases are empty.

    Returns:
        Names of lines, such as ["checksums", "licence"], each once, in any order.
    """
    ### BEGIN SOLUTION
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    reasons = set()
    for issue in result.issues:
        if issue.severity is Severity.ERROR or line_of(issue) == "licence":
            reasons.add(line_of(issue))
    if order.texts and "files" not in reasons:
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        tried = BackdoorScanner().scan(model, order.phrases, order.texts, tokenizer, search=False)
        if tried.backdoor_detected:
            reasons.add("behaviour")
    return sorted(reasons)
    ### END SOLUTION

# %% check="screen" points=5
check("screen", screen)

# %% [markdown] lang="en"
# Noon. Here is what you tell the team, beside what was really done to each folder before it reached your desk (and beside your first impression):

# %% [markdown] lang="ru"
# Полдень. Вот что вы сообщаете команде, а рядом — что на самом деле сделали с каждой папкой, прежде чем она попала на ваш стол (и ваше первое впечатление):

# %%
rows = []
for (folder, order), item in zip(desk, capstone.plan(), strict=True):
    verdict = ", ".join(screen(folder, order)) or "accepted"
    first = "refuse" if item.name in guess_refused else "accept"
    rows.append([item.name, first, verdict, item.story])
with pd.option_context("display.max_colwidth", None):
    display(pd.DataFrame(rows, columns=["download", "your guess", "your reasons", "what was done to it"]))

# %% [markdown] lang="en"
# Compare two of the rows. In one, a single weight differs by a thousandth from the published file: no test of the model would notice, a digest does at once. In another every byte is the publisher's, the signature fits, the weights look ordinary, and still a word turns praise into blame: no digest can notice, a test of behaviour does. No single check would have been enough, and the most alarming-looking folder of all may have been in order.
#
# (`source` often stands beside `checksums`: where the files are not the published ones, nothing shows any longer that they come from the publisher.)
#
# And what if the trigger were not among the phrases of the order? Then this `screen` would have passed the model. The search of 5.8 would have had a chance, at many times the price. A policy always weighs what a check costs against what it may find.
#
# ## 5.11 The checklist
#
# Lists of good practice for using models usually name five things. Here they are as questions that a program can ask, with the lines that answer them:
#
# | practice | what it means | lines |
# |---|---|---|
# | **verify the source** | only publishers that you know, proven and not claimed; and a licence that permits your use | `source`, `signature`, `licence` |
# | **check checksums** | every file is the published one: none changed, none missing, none added | `checksums` |
# | **audit weights** | nothing runs, the files agree, the numbers look like trained ones | `files`, `agreement`, `weights` |
# | **test behaviour** | trigger phrases change nothing | `behaviour` |
# | **monitor updates** | the release is not withdrawn, the libraries that load it have no known hole | `advisories`, `loaders` |
#
# `fill_checklist` asks them all and writes the answers in. On the command line it is `sentinel checklist FOLDER --source ORGANIZATION/MODEL`. First the encoder that you have used since lesson 2:

# %% [markdown] lang="ru"
# Сравните две строки. В одной единственный вес отличается от опубликованного на тысячную: ни одно испытание модели этого не заметит, а дайджест — сразу. В другой каждый байт принадлежит издателю, подпись подходит, веса выглядят обычно, и всё же одно слово превращает похвалу в порицание: дайджест этого не заметит никогда, а испытание поведения — да. Ни одной проверки в одиночку не хватило бы, а самая подозрительная на вид папка, возможно, была в порядке.
#
# (`source` часто стоит рядом с `checksums`: если файлы не те, что опубликованы, ничто больше не показывает, что они от издателя.)
#
# А если бы триггера не было среди фраз заказа? Тогда ваша `screen` пропустила бы модель. У поиска из 5.8 был бы шанс, но обошёлся бы он во много раз дороже. Политика всегда взвешивает, чего стоит проверка и что она может найти.
#
# ## 5.11 Контрольный список
#
# В списках хороших практик для чужих моделей обычно пять пунктов. Вот они в виде вопросов, которые может задать программа, и строки, которые на них отвечают:
#
# | практика | что это значит | строки |
# |---|---|---|
# | **проверить источник** | только известные вам издатели, и это доказано, а не заявлено; и лицензия, которая разрешает ваше использование | `source`, `signature`, `licence` |
# | **сверить контрольные суммы** | каждый файл — опубликованный: ни один не изменён, не пропал и не добавлен | `checksums` |
# | **осмотреть веса** | ничего не исполняется, файлы согласованы, числа похожи на обученные | `files`, `agreement`, `weights` |
# | **испытать поведение** | фразы-триггеры ничего не меняют | `behaviour` |
# | **следить за обновлениями** | выпуск не отозван, в библиотеках, которые его загружают, нет известных дыр | `advisories`, `loaders` |
#
# `fill_checklist` задаёт их все и вписывает ответы. В командной строке это `sentinel checklist FOLDER --source ORGANIZATION/MODEL`. Сначала энкодер, с которым вы работаете с урока 2:

# %%
encoder_folder = model_folder(course.profile.encoder)
fill_checklist(encoder_folder, expected_source=model_entry(course.profile.encoder).hub)

# %% [markdown] lang="en"
# Mind the third answer. **Not checked** is not *passed*: this publisher does not sign, so nobody could forge a signature and nobody can check one; and without texts and a classifier there was no behaviour to test. A good checklist shows its gaps. Now the six on your desk:

# %% [markdown] lang="ru"
# Обратите внимание на третий вид ответа. **Not checked** — не *passed*: этот издатель не подписывает, так что подделать подпись некому и проверять нечего; а без текстов и классификатора не было и поведения, которое можно испытать. Хороший список показывает свои пробелы. Теперь шесть папок на вашем столе:

# %%
columns = {}
for folder, order in desk:
    filled = fill_checklist(
        folder, order.source, policy=order.policy, digests=order.digests,
        texts=order.texts, phrases=order.phrases,
    )
    columns[folder.name] = {line.name: line.status for line in filled}
pd.DataFrame(columns)

# %% [markdown] lang="en"
# Read a column downwards: it is what you would have told the team. Read a row across: it is what one kind of check is worth by itself. No row separates the good folders from the bad.

# %% [markdown] lang="ru"
# Прочтите столбец сверху вниз: это то, что вы сказали бы команде. Прочтите строку слева направо: это то, чего стоит один вид проверки сам по себе. Ни одна строка в одиночку не отделяет хорошие папки от плохих.

# %% [markdown] lang="en"
# ## Quiz
#
# Choose a letter on the card, or write it into the line above the card. Practice questions explain themselves at once; graded ones are marked when you hand the notebook in.

# %% [markdown] lang="ru"
# ## Тест
#
# Выберите букву на карточке или впишите её в строку над карточкой. Вопросы для тренировки объясняют ответ сразу; вопросы на оценку проверяются, когда вы сдаёте тетрадь.

# %% quiz=1
answer_1 = ""  # @param ["", "A", "B", "C", "D"]
quiz(1, answer_1)

# %% quiz=2
answer_2 = ""  # @param ["", "A", "B", "C", "D"]
quiz(2, answer_2)

# %% quiz=3
answer_3 = ""  # @param ["", "A", "B", "C", "D"]
quiz(3, answer_3)

# %% quiz=4 points=2
answer_4 = ""  # @param ["", "A", "B", "C", "D"]
quiz(4, answer_4)

# %% quiz=5 points=2
answer_5 = ""  # @param ["", "A", "B", "C", "D"]
quiz(5, answer_5)

# %% [markdown] lang="en"
# ## Summary
#
# - Loading a **pickle** runs a program. Load safetensors, and nothing else from strangers.
# - A **digest** ties you to the exact bytes, a **signature** to whoever holds the key. Neither says that the model is good.
# - A manifest is checked in both directions, and its names are not trusted either: *added* files, paths that lead out, links.
# - A few **poisoned** texts in a hundred plant a back door that no test score shows. Test behaviour, beside a reference that you trust.
# - An audit that finds nothing has found nothing. Say what was looked at, and how far it reaches.
#
# ### The whole series
#
# 1. **Pre-training** makes labels out of the data itself: mask, predict the next token, match pairs, repair. It pays wherever labels are few.
# 2. **Feature extraction**: freeze, pool, cache, and fit a small head. The cheapest way, and the yardstick for all others.
# 3. **Full fine-tuning** changes everything, with a small learning rate; it costs the most memory and can forget.
# 4. **LoRA** trains small matrices beside frozen weights: nearly the same quality from a file of kilobytes.
# 5. **Provenance**: before all this, know whose model it is, and what it does when nobody is looking.
#
# And in all of them: predict first, measure, repeat over draws, and put the uncertainty beside the number.

# %% [markdown] lang="ru"
# ## Итоги
#
# - Загрузка **pickle** исполняет программу. От незнакомцев загружайте safetensors и ничего другого.
# - **Дайджест** привязывает вас к точным байтам, **подпись** — к владельцу ключа. Ни тот, ни другая не говорят, что модель хороша.
# - Манифест проверяют в обе стороны, и его именам тоже не верят: *добавленные* файлы, пути наружу, ссылки.
# - Несколько **отравленных** текстов на сотню проделывают чёрный ход, которого не видно ни в одном тестовом балле. Проверяйте поведение рядом с эталоном, которому доверяете.
# - Проверка, которая ничего не нашла, ничего не нашла. Говорите, на что смотрели и как далеко это видно.
#
# ### Вся серия
#
# 1. **Pre-training** делает метки из самих данных: замаскировать, предсказать следующий токен, сопоставить пары, починить. Он окупается везде, где меток мало.
# 2. **Feature extraction**: заморозить, усреднить, сохранить в кэш и подобрать маленькую голову. Самый дешёвый способ и мерка для всех остальных.
# 3. **Full fine-tuning** меняет всё, с малым learning rate; он занимает больше всего памяти и умеет забывать.
# 4. **LoRA** обучает маленькие матрицы рядом с замороженными весами: почти то же качество из файла в килобайты.
# 5. **Происхождение**: прежде всего этого узнайте, чья это модель и что она делает, когда никто не смотрит.
#
# И во всех: сначала прогноз, потом измерение, повтор на разных выборках и погрешность рядом с числом.
