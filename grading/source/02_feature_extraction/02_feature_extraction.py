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
# # 2. Feature extraction
#
# **Level:** beginner · **Time:** 45–60 minutes · **You need:** basic Python, and to have seen a PyTorch module before
#
# Somebody has spent a great deal of computing to teach a model English. In this lesson you use that model *as it is*: you do not train a single one of its weights, and still get a classifier that beats one built from scratch, with a few dozen labelled examples and in seconds on an ordinary laptop.

# %% [markdown] lang="ru"
# # 2. Feature extraction
#
# **Уровень:** начинающий · **Время:** 45–60 минут · **Понадобится:** основы Python и общее представление о модулях PyTorch
#
# Кто-то потратил очень много вычислений, чтобы обучить модель английскому языку. В этом уроке вы возьмёте её *как есть*: не будете обучать ни одного её веса и всё равно получите классификатор, который обходит собранный с нуля, — по нескольким десяткам размеченных примеров и за секунды на обычном ноутбуке.

# %%
course.objectives()

# %%
import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from torch import nn
from tqdm.auto import tqdm
from transformers import AutoConfig, AutoModel, AutoTokenizer, BertConfig, BertModel

from lessonkit import check, figures, load_texts, model_entry, model_folder, plots, quiz

# %% [markdown] lang="en"
# ## 2.1 The task of this course
#
# Your team runs an assistant built on a language model. People send it requests; some try to talk it out of its rules (“forget what the shop told you…”), or hide orders to it in a document it should only summarise. This is called **prompt injection**. The team needs a small **guard model** that reads each message first and says *ordinary* or *injection*.
#
# Labelled examples are expensive: somebody has to read each one. So the question is not only how good the guard gets, but **how many labels it takes**. As a gentler first task we use short reviews, *good* or *bad*.
#
# There are three ways to adapt a pre-trained model to such a task, and this course takes one in each lesson:
#
# | lesson | way | what is trained |
# |---|---|---|
# | this one | feature extraction | only a small new head |
# | next | full fine-tuning | everything |
# | after that | LoRA | small matrices beside the frozen weights |

# %% [markdown] lang="ru"
# ## 2.1 Задача этого курса
#
# Ваша команда поддерживает ассистента на основе языковой модели. Люди присылают ему запросы; некоторые пытаются отговорить его от правил («забудь, что тебе велел магазин…») или прячут для него приказы в документе, который нужно всего лишь пересказать. Это называется **prompt injection**. Команде нужна небольшая **модель-охранник** (guard), которая первой читает каждое сообщение и говорит: обычное (*ordinary*) или инъекция (*injection*).
#
# Размеченные примеры стоят дорого: каждый кто-то должен прочесть. Поэтому вопрос не только в том, насколько хорош охранник, но и **сколько меток ему нужно**. Для разминки возьмём задачу попроще: короткие отзывы, хорошие (*good*) или плохие (*bad*).
#
# Приспособить pre-trained модель к такой задаче можно тремя способами; курс разбирает по одному за урок:
#
# | урок | способ | что обучается |
# |---|---|---|
# | этот | feature extraction | только небольшая новая голова |
# | следующий | full fine-tuning | всё |
# | через один | LoRA | небольшие матрицы рядом с замороженными весами |

# %% [markdown] lang="en"
# The idea of feature extraction in one picture. Blue is frozen, orange is trained:

# %% [markdown] lang="ru"
# Идея feature extraction на одном рисунке. Синее заморожено, оранжевое обучается:

# %%
figures.show("feature_extraction")

# %% [markdown] lang="en"
# ## 2.2 A foundation model in your hands
#
# A **foundation model** is a large pre-trained model on which many tasks are built: GPT-4, LLaMA and Claude for language, ViT and CLIP for images, Gemini for several at once, StarCoder for code. Models are shared through *hubs*. Ours is a small one: `all-MiniLM-L6-v2`, an encoder that turns a sentence into vectors. It comes from the Hugging Face Hub; so that this lesson also works without the Hub, the same file can be had from a package.
#
# Before you load weights from anywhere, two questions: *which version?* and *is it the right file?* A name such as `main` moves when its owner pushes; a **revision** (a commit) does not. And a **digest** (SHA-256) changes if one bit of the file does. `model_folder` checks both and then hands you an ordinary folder:

# %% [markdown] lang="ru"
# ## 2.2 Foundation-модель в ваших руках
#
# **Foundation model** — большая pre-trained модель, на основе которой решают множество задач: GPT-4, LLaMA и Claude для языка, ViT и CLIP для изображений, Gemini для всего сразу, StarCoder для кода. Моделями делятся через *хабы*. Наша невелика: `all-MiniLM-L6-v2`, энкодер, превращающий предложение в векторы. Она лежит на Hugging Face Hub; чтобы урок работал и без хаба, тот же файл можно взять из пакета.
#
# Прежде чем загружать веса откуда бы то ни было, задайте два вопроса: *какая это версия?* и *тот ли это файл?* Имя вроде `main` сдвигается, когда владелец публикует изменения; **ревизия** (коммит) — нет. А **дайджест** (SHA-256) изменится, если в файле изменится хоть один бит. `model_folder` проверяет и то и другое и отдаёт вам обычную папку:

# %%
entry = model_entry(course.profile.encoder)
folder = model_folder(course.profile.encoder)  # stops if a digest differs
print(f"{entry.origin}, {entry.license}")

tokenizer = AutoTokenizer.from_pretrained(folder)
encoder = AutoModel.from_pretrained(folder).to(course.device)

# %% [markdown] lang="en"
# Straight from the Hub, the same two lines name the repository and the commit:
#
# ```python
# name, commit = "sentence-transformers/all-MiniLM-L6-v2", "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
# encoder = AutoModel.from_pretrained(name, revision=commit)
# ```
#
# Older tutorials show two calls that have aged. `torch.hub.load(..., pretrained=True)` is now written with `weights=...`, since "pretrained" did not say *on what*. And TensorFlow Hub's models have moved to Kaggle Models.
#
# Four words describe a foundation model: **scale**, **data**, **compute**, **generality**. What do they mean for ours? Scale you can count:

# %% [markdown] lang="ru"
# Прямо с хаба те же две строки называют репозиторий и коммит:
#
# ```python
# name, commit = "sentence-transformers/all-MiniLM-L6-v2", "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
# encoder = AutoModel.from_pretrained(name, revision=commit)
# ```
#
# В старых руководствах встречаются два устаревших вызова. `torch.hub.load(..., pretrained=True)` теперь пишут через `weights=...`: слово pretrained не говорило, *на чём*. А модели TensorFlow Hub переехали в Kaggle Models.
#
# Foundation-модель описывают четырьмя словами: **масштаб**, **данные**, **вычисления**, **универсальность**. Что они значат для нашей? Масштаб можно посчитать:

# %%
parameters = sum(p.numel() for p in encoder.parameters())
weights_file = (folder / "model.safetensors").stat().st_size
print(f"{parameters:,} parameters in a file of {weights_file / 1e6:.1f} MB")
print(f"{encoder.config.num_hidden_layers} layers, vectors of {encoder.config.hidden_size} numbers")

# %% [markdown] lang="en"
# The rest stands in its model card (the file `README.md` beside the weights):
#
# | | this encoder | a model of the GPT-4 or LLaMA kind |
# |---|---|---|
# | **scale** | counted above | billions of parameters |
# | **data** | 1,170,060,424 pairs of sentences | terabytes of text |
# | **compute** | 100,000 steps with batches of 1,024 pairs on a TPU v3-8 | thousands of GPU hours |
# | **generality** | vectors for search, clustering, classification | a great many tasks |
#
# It was trained **contrastively**: the two sentences of a pair (a question and its answer, a title and its text) should get similar vectors, all other sentences of the batch dissimilar ones. Nobody told it what a good review is, or an injection.

# %% [markdown] lang="ru"
# Остальное написано в карточке модели (файл `README.md` рядом с весами):
#
# | | этот энкодер | модель типа GPT-4 или LLaMA |
# |---|---|---|
# | **масштаб** | посчитан выше | миллиарды параметров |
# | **данные** | 1 170 060 424 пары предложений | терабайты текста |
# | **вычисления** | 100 000 шагов с батчами по 1 024 пары на TPU v3-8 | тысячи GPU-часов |
# | **универсальность** | векторы для поиска, кластеризации, классификации | великое множество задач |
#
# Обучали его **контрастивно**: два предложения пары (вопрос и ответ на него, заголовок и текст) должны получить похожие векторы, все остальные предложения батча — непохожие. Что такое хороший отзыв или инъекция, ему никто не рассказывал.

# %% [markdown] lang="en"
# ## 2.3 The texts
#
# Both data sets were written for this course (`data/README.md` says how). The library `datasets` reads them from files just as it reads sets from the Hub:
#
# ```python
# guard = datasets.load_dataset("json", data_files={"train": "data/guard/train.jsonl"})
# ```
#
# `load_texts` is that call for all three splits, with the course's folder and the names of the labels filled in.

# %% [markdown] lang="ru"
# ## 2.3 Тексты
#
# Оба набора данных написаны для этого курса (как именно — сказано в `data/README.md`). Библиотека `datasets` читает их из файлов так же, как наборы с хаба:
#
# ```python
# guard = datasets.load_dataset("json", data_files={"train": "data/guard/train.jsonl"})
# ```
#
# `load_texts` — тот же вызов для всех трёх частей, в который уже подставлены папка курса и названия меток.

# %%
limit = course.profile.max_texts
data = {"reviews": load_texts(course.profile.reviews, limit), "guard": load_texts("guard", limit)}
data["guard"]

# %%
for task in data:
    names = data[task]["train"].features["label"].names
    for row in data[task]["train"].select(range(4)):
        print(f"{names[row['label']]:>10} | {row['text'][:100]}")
    print()

# %% [markdown] lang="en"
# Read a few more (change `range(4)`). Notice that the words alone often mislead: harmless messages speak of passwords and of ignoring things, attacks may be perfectly polite.
#
# **Predict before you measure.** With 64 labelled examples, which share of unseen guard messages will each method get right? A coin gets 0.5. Write your two guesses; the plot in 2.9 will show them as dashed lines.

# %% [markdown] lang="ru"
# Прочтите ещё несколько (измените `range(4)`). Обратите внимание: сами слова часто обманывают. Безобидные сообщения говорят о паролях и просят что-то игнорировать, а атаки бывают безупречно вежливы.
#
# **Сначала прогноз, потом измерение.** Какую долю новых сообщений для охранника каждый метод угадает после 64 размеченных примеров? Монетка даст 0,5. Впишите две догадки; график в разделе 2.9 покажет их пунктиром.

# %%
guess_word_counts = None  # for example 0.60
guess_encoder = None  # for example 0.75

# %% [markdown] lang="en"
# ## 2.4 Freezing
#
# To freeze a model means two things, and the second is easily forgotten:
#
# 1. No weight may change: `requires_grad = False` on every parameter.
# 2. No **dropout**: in training mode a network switches off random parts of itself on purpose. For a model that is not being trained, this is only noise.
#
# See the second point with your own eyes. The same text goes through the encoder twice, in training mode:

# %% [markdown] lang="ru"
# ## 2.4 Заморозка
#
# Заморозить модель — это две вещи, и о второй легко забыть:
#
# 1. Ни один вес не меняется: `requires_grad = False` у каждого параметра.
# 2. Никакого **dropout**: в режиме обучения сеть нарочно отключает случайные свои части. Для модели, которую не обучают, это просто шум.
#
# Посмотрите на второе своими глазами. Один и тот же текст проходит через энкодер дважды в режиме обучения:

# %%
batch = tokenizer("The parcel never came.", return_tensors="pt").to(course.device)
encoder.train()
with torch.no_grad():
    first, second = (encoder(**batch).last_hidden_state[0, 0] for _ in range(2))
print("cosine similarity of the text with itself:", torch.cosine_similarity(first, second, dim=0).item())

# %% [markdown] lang="en"
# ### Exercise 1: `freeze`
# *Difficulty 1 of 4 · 3 minutes · 2 points*
#
# Complete the function. It must work for any `nn.Module`, not only for BERT.

# %% [markdown] lang="ru"
# ### Упражнение 1: `freeze`
# *Сложность 1 из 4 · 3 минуты · 2 балла*
#
# Допишите функцию. Она должна работать с любым `nn.Module`, не только с BERT.

# %% exercise="freeze"
def freeze(model: nn.Module) -> nn.Module:
    """Forbid training of every parameter, switch dropout off, and return the model."""
    ### BEGIN SOLUTION
    for parameter in model.parameters():
        parameter.requires_grad = False
    return model.eval()
    ### END SOLUTION

# %% check="freeze" points=2
check("freeze", freeze)

# %%
encoder = freeze(encoder)
trainable = sum(p.numel() for p in encoder.parameters() if p.requires_grad)
print(f"trainable: {trainable:,} of {parameters:,}")

# %% [markdown] lang="en"
# ## 2.5 From token vectors to one vector
#
# The encoder returns one vector **for each token**. A classifier needs one **for each text**. Three common ways, and what each of them reads (grey is padding, added to make texts of a batch equally long):

# %% [markdown] lang="ru"
# ## 2.5 От векторов токенов к одному вектору
#
# Энкодер возвращает по вектору **на каждый токен**. Классификатору нужен один **на весь текст**. Вот три распространённых способа и что каждый из них читает (серое — padding: им дополняют тексты батча до равной длины):

# %%
figures.show("pooling")

# %% [markdown] lang="en"
# Many tutorials take `pooler_output` and call it "the [CLS] token". It is not quite that: it is the [CLS] vector after one more dense layer and a tanh, which BERT trained for a task of its own. Whether it suits *your* task, only measuring tells; you will in 2.10.
#
# ### Exercise 2: `pool`
# *Difficulty 2 of 4 · 8 minutes · 3 points*
#
# The mean must leave the padding out, both of the sum and of the count. `attention_mask` is 1 at real tokens and 0 at padding.
#
# <details><summary>Hint</summary>
#
# `attention_mask.unsqueeze(-1)` has the shape (batch, tokens, 1), so it can be multiplied with the hidden states.
#
# </details>

# %% [markdown] lang="ru"
# Во многих руководствах берут `pooler_output` и называют его «токеном [CLS]». Это не совсем так: это вектор [CLS] после ещё одного плотного слоя и tanh, которые BERT обучал для своей собственной задачи. Подходит ли он для *вашей*, покажет только измерение; до него дойдём в разделе 2.10.
#
# ### Упражнение 2: `pool`
# *Сложность 2 из 4 · 8 минут · 3 балла*
#
# Среднее не должно учитывать padding ни в сумме, ни в количестве. `attention_mask` равна 1 у настоящих токенов и 0 у padding.
#
# <details><summary>Подсказка</summary>
#
# У `attention_mask.unsqueeze(-1)` форма (batch, tokens, 1), поэтому её можно умножить на скрытые состояния.
#
# </details>

# %% exercise="pool"
def pool(outputs, attention_mask: torch.Tensor, how: str = "mean") -> torch.Tensor:
    """Turn an encoder's output into one vector a text.

    Args:
        outputs: has `last_hidden_state`, (batch, tokens, hidden), and `pooler_output`, (batch, hidden).
        attention_mask: (batch, tokens), 1 at real tokens and 0 at padding.
        how: "cls" (first token), "pooler" (the model's own pooler) or "mean" (over real tokens).

    Returns:
        (batch, hidden)
    """
    ### BEGIN SOLUTION
    if how == "cls":
        return outputs.last_hidden_state[:, 0]
    if how == "pooler":
        return outputs.pooler_output
    mask = attention_mask.unsqueeze(-1)
    return (outputs.last_hidden_state * mask).sum(dim=1) / mask.sum(dim=1)
    ### END SOLUTION

# %% check="pool" points=3
check("pool", pool)

# %% [markdown] lang="en"
# ## 2.6 A model with a frozen encoder
#
# Here is how the idea is often written down:
#
# ```python
# class FeatureExtractor(nn.Module):
#     def __init__(self, num_classes):
#         super().__init__()
#         self.bert = BertModel.from_pretrained("bert-base-uncased")
#         for param in self.bert.parameters():
#             param.requires_grad = False
#         self.classifier = nn.Linear(768, num_classes)
#
#     def forward(self, input_ids, attention_mask):
#         with torch.no_grad():
#             outputs = self.bert(input_ids, attention_mask)
#         return self.classifier(outputs.pooler_output)
# ```
#
# It runs, and it has three weak points. A training loop calls `model.train()`, and that reaches the encoder as well: dropout is back. It takes `pooler_output` unmeasured. And it sends every text through the encoder again in every epoch, although frozen features never change. The first two you mend now, the third in 2.7.
#
# ### Exercise 3: `FeatureExtractor`
# *Difficulty 2 of 4 · 10 minutes · 4 points*
#
# Use your `freeze` and `pool` (the masked mean). Return logits, without a softmax. `.train()` must switch the head to training mode, leave the encoder in `eval()`, and return `self`.
#
# <details><summary>Hint: I get <code>element 0 of tensors does not require grad</code></summary>
#
# Nothing is left to train. Either the head is frozen too, or it runs inside `torch.no_grad()`; only the encoder should.
#
# </details>

# %% [markdown] lang="ru"
# ## 2.6 Модель с замороженным энкодером
#
# Вот как эту идею часто записывают:
#
# ```python
# class FeatureExtractor(nn.Module):
#     def __init__(self, num_classes):
#         super().__init__()
#         self.bert = BertModel.from_pretrained("bert-base-uncased")
#         for param in self.bert.parameters():
#             param.requires_grad = False
#         self.classifier = nn.Linear(768, num_classes)
#
#     def forward(self, input_ids, attention_mask):
#         with torch.no_grad():
#             outputs = self.bert(input_ids, attention_mask)
#         return self.classifier(outputs.pooler_output)
# ```
#
# Код работает, но у него три слабых места. Цикл обучения вызывает `model.train()`, и это доходит до энкодера: dropout снова включён. `pooler_output` взят без измерений. И каждую эпоху каждый текст заново проходит через энкодер, хотя замороженные признаки никогда не меняются. Первые два исправьте сейчас, третье — в разделе 2.7.
#
# ### Упражнение 3: `FeatureExtractor`
# *Сложность 2 из 4 · 10 минут · 4 балла*
#
# Используйте свои `freeze` и `pool` (среднее с маской). Возвращайте логиты, без softmax. `.train()` должен переводить голову в режим обучения, оставлять энкодер в `eval()` и возвращать `self`.
#
# <details><summary>Подсказка: я получаю <code>element 0 of tensors does not require grad</code></summary>
#
# Обучать стало нечего. Либо заморожена и голова, либо она считается внутри `torch.no_grad()`; там должен быть только энкодер.
#
# </details>

# %% exercise="FeatureExtractor"
class FeatureExtractor(nn.Module):
    """A frozen encoder under a linear head.

    Args:
        encoder: a transformers encoder; `encoder.config.hidden_size` is the width of its vectors.
        num_classes: number of labels.
    """

    def __init__(self, encoder: nn.Module, num_classes: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.encoder = freeze(encoder)
        self.classifier = nn.Linear(encoder.config.hidden_size, num_classes)
        ### END SOLUTION

    def train(self, mode: bool = True) -> "FeatureExtractor":
        """Switch the head to training mode (or back); the encoder stays in evaluation mode."""
        ### BEGIN SOLUTION
        super().train(mode)
        self.encoder.eval()
        return self
        ### END SOLUTION

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return logits: (batch, tokens), (batch, tokens) -> (batch, num_classes)."""
        ### BEGIN SOLUTION
        with torch.no_grad():
            outputs = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return self.classifier(pool(outputs, attention_mask, "mean"))
        ### END SOLUTION

# %% check="FeatureExtractor" points=4
check("FeatureExtractor", FeatureExtractor)

# %% [markdown] lang="en"
# How much of it is trained? One often reads "about 1 %". Count, for our encoder and for BERT-base (built on the `meta` device, where a model has shapes but no numbers, so nothing is downloaded):

# %% [markdown] lang="ru"
# Какая часть модели обучается? Часто пишут: «около 1 %». Посчитайте для нашего энкодера и для BERT-base (он собран на устройстве `meta`: там у модели есть формы, но нет чисел, поэтому ничего не скачивается):

# %%
with torch.device("meta"):
    bert_base = BertModel(BertConfig())
for name, model in {"our encoder": encoder, "BERT-base": bert_base}.items():
    frozen = sum(p.numel() for p in model.parameters())
    head = model.config.hidden_size * 2 + 2  # weights and biases of two classes
    print(f"{name}: {head:,} trained of {(frozen + head) / 1e6:.1f} M = {head / (frozen + head):.4%}")

# %% [markdown] lang="en"
# ## 2.7 Compute once, use often
#
# A frozen encoder gives a text the same vector today and tomorrow. So compute all vectors **once** and train heads on them: this turns minutes into milliseconds. Three habits make the one pass cheap:
#
# - **Batches** keep the processor busy.
# - **Sorting by length** before cutting into batches: less padding, which costs as much as real tokens. The picture shows eight texts in batches of four.
# - **`torch.inference_mode()`**: nothing is remembered for gradients.

# %% [markdown] lang="ru"
# ## 2.7 Вычислить один раз, использовать много раз
#
# Замороженный энкодер сегодня и завтра даёт тексту один и тот же вектор. Значит, все векторы можно вычислить **один раз** и обучать головы на них: минуты превращаются в миллисекунды. Один этот проход удешевляют три привычки:
#
# - **Батчи**: процессор не простаивает.
# - **Сортировка по длине** до разбиения на батчи: меньше padding, а он стоит столько же, сколько настоящие токены. На рисунке восемь текстов в батчах по четыре.
# - **`torch.inference_mode()`**: для градиентов ничего не запоминается.

# %%
figures.show("sorted_batches")

# %% [markdown] lang="en"
# ### Exercise 4: `extract_features`
# *Difficulty 3 of 4 · 15 minutes · 4 points*
#
# `cache` is a dictionary from text to vector. A text that is in it is not encoded again; every text that you encode is added. The rows of the result stand in the order of `texts`.
#
# <details><summary>Hint 1: the plan</summary>
#
# Without a cache given, start with an empty one. List the texts that are missing in it, sort them by length, and go through them in steps of `batch_size`.
#
# </details>
#
# <details><summary>Hint 2: I get <code>IndexError: index out of range</code></summary>
#
# A text is longer than the encoder can take. Pass `truncation=True` to the tokenizer, along with `padding=True` and `return_tensors="pt"`.
#
# </details>

# %% [markdown] lang="ru"
# ### Упражнение 4: `extract_features`
# *Сложность 3 из 4 · 15 минут · 4 балла*
#
# `cache` — словарь «текст → вектор». Текст, который в нём есть, повторно не кодируется; каждый закодированный добавляется. Строки результата стоят в порядке `texts`.
#
# <details><summary>Подсказка 1: план</summary>
#
# Если кэш не передан, начните с пустого. Составьте список текстов, которых в нём нет, отсортируйте по длине и пройдите по нему шагами по `batch_size`.
#
# </details>
#
# <details><summary>Подсказка 2: я получаю <code>IndexError: index out of range</code></summary>
#
# Текст длиннее, чем принимает энкодер. Передайте токенизатору `truncation=True` вместе с `padding=True` и `return_tensors="pt"`.
#
# </details>

# %% exercise="extract_features"
def extract_features(
    texts: list[str],
    encoder: nn.Module,
    tokenizer,
    batch_size: int = 32,
    cache: dict[str, torch.Tensor] | None = None,
) -> torch.Tensor:
    """Encode texts with a frozen encoder: masked mean of the last hidden states.

    Returns:
        (len(texts), hidden), on the CPU, in the order of the texts.
    """
    ### BEGIN SOLUTION
    cache = {} if cache is None else cache
    missing = sorted({text for text in texts if text not in cache}, key=len)
    with torch.inference_mode():
        for start in range(0, len(missing), batch_size):
            part = missing[start : start + batch_size]
            batch = tokenizer(part, padding=True, truncation=True, return_tensors="pt")
            batch = batch.to(encoder.device)
            vectors = pool(encoder(**batch), batch["attention_mask"], "mean").cpu()
            cache.update(zip(part, vectors, strict=True))
    return torch.stack([cache[text] for text in texts])
    ### END SOLUTION

# %% check="extract_features" points=4
check("extract_features", extract_features)

# %% [markdown] lang="en"
# Now encode everything once, with the pre-trained encoder and with one of the same shape whose weights are **random**. If the random one does as well, pre-training was for nothing. Each vector is then scaled to length 1: this encoder was trained to compare directions, and a head on vectors of equal length needs no tuning.

# %% [markdown] lang="ru"
# Теперь закодируйте всё один раз: pre-trained энкодером и энкодером той же формы, но со **случайными** весами. Если случайный справится не хуже, pre-training был ни к чему. Затем каждый вектор приводится к длине 1: этот энкодер учили сравнивать направления, и голова на векторах равной длины не требует настройки.

# %%
splits = ("train", "test")
texts = {(task, split): data[task][split]["text"][:] for task in data for split in splits}
labels = {(task, split): torch.tensor(data[task][split]["label"]) for task in data for split in splits}

torch.manual_seed(0)
random_encoder = AutoModel.from_config(AutoConfig.from_pretrained(folder)).to(course.device)
encoders = {"pre-trained encoder": encoder, "random encoder": freeze(random_encoder)}

# %%
features = {}


def encode_everything(name: str) -> None:
    for task, split in tqdm(texts, desc=name):
        inputs = (texts[task, split], encoders[name], tokenizer)
        vectors = extract_features(*inputs, course.profile.batch_size)
        features[name, task, split] = nn.functional.normalize(vectors)


encode_everything("pre-trained encoder")

# %%
encode_everything("random encoder")

# %% [markdown] lang="en"
# ## 2.8 The linear probe
#
# What is left to train is one linear layer on ready-made vectors. That is logistic regression, and scikit-learn fits it in milliseconds.
#
# ### Exercise 5: `linear_probe`
# *Difficulty 1 of 4 · 4 minutes · 3 points*

# %% [markdown] lang="ru"
# ## 2.8 Линейная проба
#
# Остаётся обучить один линейный слой на готовых векторах. Это логистическая регрессия, и scikit-learn обучает её за миллисекунды.
#
# ### Упражнение 5: `linear_probe`
# *Сложность 1 из 4 · 4 минуты · 3 балла*

# %% exercise="linear_probe"
def linear_probe(features: torch.Tensor, labels: torch.Tensor) -> LogisticRegression:
    """Fit a linear classifier on features, (n, hidden), and labels, (n,); return it fitted."""
    ### BEGIN SOLUTION
    return LogisticRegression(max_iter=1000).fit(features, labels)
    ### END SOLUTION

# %% check="linear_probe" points=3
check("linear_probe", linear_probe)

# %% [markdown] lang="en"
# ## 2.9 How many labels does it take?
#
# The main measurement. For each number of labels we draw that many training texts at random, fit, and count how many **test** texts come out right; then again with other draws, since a small sample may be lucky. The yardstick is a classic that knows nothing about language: TF-IDF (weighted word counts) with logistic regression.

# %% [markdown] lang="ru"
# ## 2.9 Сколько нужно меток?
#
# Главное измерение. Для каждого числа меток случайно выбираем столько обучающих текстов, обучаем и считаем, сколько **тестовых** текстов угадано; затем повторяем с другими выборками, ведь маленькой выборке может и повезти. Точка отсчёта — классика, которая ничего не знает о языке: TF-IDF (взвешенные частоты слов) с логистической регрессией.

# %%
def tfidf_classifier(texts, labels):
    return make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(texts, labels)


def test_accuracy(fit, task: str, train_x, test_x, count: int) -> tuple[float, float]:
    """Mean and standard deviation of the test accuracy over draws of `count` labelled texts."""
    y, test_y = labels[task, "train"], labels[task, "test"]
    draws = StratifiedShuffleSplit(course.profile.draws, train_size=count, random_state=0)
    chosen = [rows for rows, _ in draws.split(y, y)]
    scores = [fit(train_x[rows], y[rows]).score(test_x, test_y) for rows in chosen]
    return np.mean(scores), np.std(scores)

# %%
for key, words in texts.items():
    features["word counts", *key] = np.array(words)
methods = {"pre-trained encoder": linear_probe, "word counts": tfidf_classifier, "random encoder": linear_probe}

curves = {task: {} for task in data}
for name, task in tqdm([(name, task) for name in methods for task in data], desc="fitting"):
    inputs = (methods[name], task, *(features[name, task, split] for split in splits))
    curves[task][name] = {count: test_accuracy(*inputs, count) for count in course.profile.label_counts}

# %%
guesses = {"word counts": guess_word_counts, "pre-trained encoder": guess_encoder}
plots.label_curves(curves, guesses)
rows = {(task, name): curves[task][name] for task in curves for name in curves[task]}
pd.DataFrame({key: {n: f"{mean:.2f} ± {std:.2f}" for n, (mean, std) in rows[key].items()} for key in rows}).T

# %% [markdown] lang="en"
# Read the plot slowly.
#
# - The **error bars** are standard deviations over the draws. Where two bars overlap widely, a single run could have told you either story.
# - At few labels the frozen encoder leads: it has met "shoddy" and "splendid" before, word counts have not. With more labels the distance shrinks, since word counts see more and more words.
# - The **random** encoder has the same architecture and the same number of weights. What it lacks is pre-training. The distance to it is what pre-training is worth *here*.
# - Neither task is solved. A linear head can only use what the encoder already separates. That is the limit of feature extraction, and the reason for the next two lessons.
#
# ## 2.10 Which pooling?
#
# You wrote three; now let them compete on the guard task. One pass gives all three, since they differ only in what they do with the same output.

# %% [markdown] lang="ru"
# Читайте график не спеша.
#
# - **Планки погрешностей** — стандартные отклонения по выборкам. Там, где две планки сильно перекрываются, один-единственный запуск мог рассказать вам любую из двух историй.
# - При малом числе меток впереди замороженный энкодер: он уже встречал "shoddy" и "splendid", а частоты слов — нет. С ростом числа меток разрыв сокращается: частоты слов видят всё больше слов.
# - У **случайного** энкодера та же архитектура и столько же весов. Не хватает ему только pre-training. Расстояние до него — цена pre-training *в этой задаче*.
# - Ни одна из задач не решена. Линейная голова может использовать лишь то, что энкодер уже разделяет. Это предел feature extraction и повод для двух следующих уроков.
#
# ## 2.10 Какой pooling?
#
# Вы написали три; пусть они посоревнуются на задаче охранника. Одного прохода хватит на все три: они лишь по-разному обходятся с одним и тем же выходом.

# %%
def batches_of(texts):
    for start in range(0, len(texts), course.profile.batch_size):
        part = texts[start : start + course.profile.batch_size]
        yield tokenizer(part, padding=True, truncation=True, return_tensors="pt").to(course.device)


ways = {(how, split): [] for how in ("cls", "pooler", "mean") for split in splits}
layers = {(layer, split): [] for layer in range(encoder.config.num_hidden_layers + 1) for split in splits}

# %%
for split in splits:
    for batch in tqdm(list(batches_of(texts["guard", split])), desc=split):
        with torch.inference_mode():
            outputs = encoder(**batch, output_hidden_states=True)
        for how in ("cls", "pooler", "mean"):
            ways[how, split].append(pool(outputs, batch["attention_mask"], how).cpu())
        mask = batch["attention_mask"].unsqueeze(-1)
        for layer, hidden in enumerate(outputs.hidden_states):
            layers[layer, split].append(((hidden * mask).sum(1) / mask.sum(1)).cpu())

# %%
most_labels = course.profile.label_counts[-1]


def guard_accuracy(parts: dict, name) -> tuple[float, float]:
    train_x, test_x = (nn.functional.normalize(torch.cat(parts[name, split])) for split in splits)
    return test_accuracy(linear_probe, "guard", train_x, test_x, most_labels)


pooling_scores = {how: guard_accuracy(ways, how) for how in ("cls", "pooler", "mean")}
plots.bars(pooling_scores, f"test accuracy with {most_labels} labels", baseline=0.5)

# %% [markdown] lang="en"
# This encoder was trained with the **mean**: that is the vector its contrastive loss looked at. Is the mean also the best here, and by more than the error bars? For another encoder the answer can differ; now you know how to ask.
#
# ## 2.11 Which layer?
#
# Layer 0 is the embedding of the tokens, the last layer is what we used so far. **Predict:** does accuracy grow with every layer?

# %% [markdown] lang="ru"
# Этот энкодер обучали со **средним**: именно на этот вектор смотрела его контрастивная функция потерь. Лучшее ли оно и здесь, и больше ли разница, чем планки погрешностей? У другого энкодера ответ может быть иным; теперь вы знаете, как спросить.
#
# ## 2.11 Какой слой?
#
# Слой 0 — эмбеддинги токенов, последний слой — то, чем мы пользовались до сих пор. **Прогноз:** растёт ли точность с каждым слоем?

# %%
number_of_layers = encoder.config.num_hidden_layers + 1
layer_scores = [guard_accuracy(layers, layer) for layer in tqdm(range(number_of_layers), desc="layers")]
plots.layer_curve(layer_scores)

# %% [markdown] lang="en"
# Early layers know words, later ones more and more of what a sentence *means for the task the encoder was trained on*. Ours was trained to say which sentences belong together, not who is trying to cheat, so the best layer need not be the last. Choosing a layer is a legitimate knob, but choose it on **validation** data: picked on the test set, as in this picture, the best of seven always looks a little better than it is.
#
# ## 2.12 A map of the texts
#
# Every text is a point in a space with hundreds of dimensions. t-SNE draws them in two so that neighbours stay neighbours. The colour is the label, which t-SNE does not know. Hover over a point to read it.

# %% [markdown] lang="ru"
# Ранние слои знают слова, поздние — всё больше о том, что предложение *значит для задачи, на которой обучали энкодер*. Наш учили отвечать, какие предложения связаны, а не кто пытается схитрить, поэтому лучший слой не обязан быть последним. Выбор слоя — законная ручка настройки, но выбирайте его на **валидационных** данных: если выбирать на тестовых, как на этом рисунке, лучший из семи всегда выглядит чуть лучше, чем есть.
#
# ## 2.12 Карта текстов
#
# Каждый текст — точка в пространстве с сотнями измерений. t-SNE рисует их в двух так, чтобы соседи остались соседями. Цвет — метка, которую t-SNE не знает. Наведите курсор на точку, чтобы прочесть текст.

# %%
from sklearn.manifold import TSNE

points = features["pre-trained encoder", "guard", "test"]
places = TSNE(perplexity=min(30, len(points) // 4), random_state=0).fit_transform(points)
names = data["guard"]["test"].features["label"].names
plots.text_map(places, texts["guard", "test"], [names[label] for label in labels["guard", "test"]])

# %% [markdown] lang="en"
# Look for neighbourhoods. You will find topics (banks, recipes, spreadsheets) rather than two clean halves: that is what the encoder was trained to see. The intention behind a text is in the vectors as well, but as one direction among hundreds, and the linear probe has to find it.
#
# ## 2.13 What does it get wrong?
#
# One number hides a lot. Each guard text carries a `kind`; here is the accuracy for each of them, with the head trained on all training texts:

# %% [markdown] lang="ru"
# Поищите соседства. Вы найдёте темы (банки, рецепты, таблицы), а не две чистые половины: именно их энкодер и учили видеть. Намерение, стоящее за текстом, в векторах тоже есть, но это одно направление среди сотен, и найти его должна линейная проба.
#
# ## 2.13 Где она ошибается?
#
# Одно число многое скрывает. У каждого текста охранника есть `kind`; вот точность для каждого вида, когда голова обучена на всех обучающих текстах:

# %%
guard = [features["pre-trained encoder", "guard", split] for split in splits]
predicted = linear_probe(guard[0], labels["guard", "train"]).predict(guard[1])
right = predicted == labels["guard", "test"].numpy()
kinds = np.array(data["guard"]["test"]["kind"])
shares = {kind: right[kinds == kind] for kind in sorted(set(kinds))}
by_kind = {kind: (part.mean(), part.std() / len(part) ** 0.5) for kind, part in shares.items()}
plots.bars(by_kind, "share of test texts classified right, ± standard error", baseline=0.5)

# %% [markdown] lang="en"
# The hard kinds are hard for a reason: a document with an order hidden in it is mostly an ordinary document, and the mean of all its tokens says so. Keep this picture in mind; lesson 3 lets the encoder itself change.
#
# ## 2.14 What does caching save?
#
# The class you wrote in exercise 3 encodes every text again in every epoch. Your cache from exercise 4 does it once. Both train the same head on the same texts; only the clock differs.

# %% [markdown] lang="ru"
# Трудные виды трудны не случайно: документ, в котором спрятан приказ, по большей части обычный документ, и среднее всех его токенов так и говорит. Запомните этот рисунок; в уроке 3 меняться сможет и сам энкодер.
#
# ## 2.14 Что экономит кэш?
#
# Класс из упражнения 3 заново кодирует каждый текст в каждой эпохе. Кэш из упражнения 4 делает это один раз. Обучают они одну и ту же голову на одних и тех же текстах; различается только время.

# %%
import time


def seconds_per_epoch(model, batches, epochs: int = 3) -> float:
    """Train the model's head on (inputs, labels) batches; return the mean time of an epoch."""
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-3)
    start = time.perf_counter()
    for _ in tqdm(range(epochs), desc="epochs"):
        for inputs, y in batches:
            nn.functional.cross_entropy(model(**inputs), y).backward()
            optimizer.step()
            optimizer.zero_grad()
    return (time.perf_counter() - start) / epochs

# %%
few = texts["guard", "train"][:128]
y = labels["guard", "train"][: len(few)].to(course.device).split(course.profile.batch_size)
vectors = extract_features(few, encoder, tokenizer).clone().to(course.device)
cached = [{"input": rows} for rows in vectors.split(course.profile.batch_size)]

token_inputs = ("input_ids", "attention_mask")
encoded = [{name: batch[name] for name in token_inputs} for batch in batches_of(few)]

# %%
torch.manual_seed(0)
extractor = FeatureExtractor(encoder, num_classes=2).to(course.device).train()
slow = seconds_per_epoch(extractor, list(zip(encoded, y)))
fast = seconds_per_epoch(nn.Linear(encoder.config.hidden_size, 2).to(course.device), list(zip(cached, y)))
print(f"re-encoding: {slow:.2f} s an epoch; cached: {fast * 1000:.1f} ms; {slow / fast:,.0f} times faster")

# %% [markdown] lang="en"
# ## 2.15 Your row of the table
#
# How do the three ways of adapting a model compare? Textbooks print a table such as "feature extraction: about 1 %, few labels, good". Yours has measurements in it. This is its first row; lessons 3 and 4 add theirs.

# %% [markdown] lang="ru"
# ## 2.15 Ваша строка таблицы
#
# Как соотносятся три способа приспособить модель? В учебниках печатают таблицу вроде «feature extraction: около 1 %, мало меток, хорошо». В вашей — измерения. Вот её первая строка; уроки 3 и 4 добавят свои.

# %%
trained = sum(p.numel() for p in extractor.parameters() if p.requires_grad)
print("approach            trained parameters    share      guard accuracy")
for count, (mean, std) in curves["guard"]["pre-trained encoder"].items():
    share = trained / (trained + parameters)
    print(f"feature extraction  {trained:>18,}    {share:.4%}    {mean:.2f} ± {std:.2f} with {count} labels")

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
# - **Transfer learning** carries knowledge from a pre-trained model over to a new task. Feature extraction is its cheapest form: the model is frozen, only a small head is trained.
# - Frozen means two things: `requires_grad = False`, and `eval()` that survives `.train()`.
# - Token vectors become a text vector by **pooling**. Leave the padding out, and measure which way suits your encoder.
# - Frozen features never change: compute them **once**, in batches sorted by length, and train heads on the cache.
# - Compare with a simple yardstick, over several draws, and show the spread. A lead inside the error bars is no lead.
# - A linear head can use only what the encoder already separates. When that is not enough, the encoder itself has to learn: **full fine-tuning**, the next lesson.

# %% [markdown] lang="ru"
# ## Итоги
#
# - **Transfer learning** переносит знания pre-trained модели на новую задачу. Feature extraction — самая дешёвая его форма: модель заморожена, обучается только небольшая голова.
# - «Заморожена» означает две вещи: `requires_grad = False` и `eval()`, который переживает `.train()`.
# - Векторы токенов становятся вектором текста через **pooling**. Не учитывайте padding и измерьте, какой способ подходит вашему энкодеру.
# - Замороженные признаки не меняются: вычислите их **один раз**, батчами, отсортированными по длине, и обучайте головы на кэше.
# - Сравнивайте с простой точкой отсчёта, на нескольких выборках, и показывайте разброс. Преимущество в пределах планок погрешностей — не преимущество.
# - Линейная голова может использовать лишь то, что энкодер уже разделяет. Если этого мало, учиться должен сам энкодер: это **full fine-tuning**, следующий урок.
