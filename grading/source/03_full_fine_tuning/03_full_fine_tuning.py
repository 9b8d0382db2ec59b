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
# # 3. Full fine-tuning
#
# **Level:** beginner · **Time:** 45–60 minutes · **You need:** lesson 2, or to know what a frozen encoder with a linear head is
#
# In lesson 2 the encoder stayed as it was, and a linear head had to make do with it. Now the encoder itself learns: every one of its weights is corrected by your labels. You train it with the tools that professionals use, find out why its learning rate has to be small, and then measure what the better answers cost.

# %% [markdown] lang="ru"
# # 3. Full fine-tuning
#
# **Уровень:** начинающий · **Время:** 45–60 минут · **Понадобится:** урок 2 или представление о том, что такое замороженный энкодер с линейной головой
#
# В уроке 2 энкодер оставался каким был, и линейной голове приходилось этим довольствоваться. Теперь учится сам энкодер: ваши метки исправляют каждый его вес. Вы обучите его инструментами, которыми пользуются профессионалы, выясните, почему его learning rate должен быть мал, а затем измерите, чего стоят более точные ответы.

# %%
course.objectives()

# %%
import tempfile
import time

import numpy as np
import pandas as pd
import torch
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from torch import nn
from tqdm.auto import tqdm

from lessonkit import check, figures, load_texts, model_folder, plots, quiz

# %% [markdown] lang="en"
# ## 3.1 What changes
#
# The same chain as in lesson 2. Orange is trained, and this time that is everything that has weights:

# %% [markdown] lang="ru"
# ## 3.1 Что меняется
#
# Та же цепочка, что и в уроке 2. Оранжевое обучается, и на этот раз это всё, у чего есть веса:

# %%
figures.show("full_fine_tuning")

# %% [markdown] lang="en"
# Two consequences follow at once. Nothing can be cached: the vectors change with every step, so every text goes through the whole encoder in every epoch, forwards and backwards. And the encoder can lose what it knew, since nothing protects it but the size of the steps.
#
# The task is the guard of lesson 2: is a message *ordinary* or an *injection*?
#
# **Predict before you measure.** With several hundred labelled messages, which share of unseen ones will each method get right? The plot in 3.9 shows your guesses as dashed lines.

# %% [markdown] lang="ru"
# Отсюда сразу два следствия. Кэшировать нечего: векторы меняются с каждым шагом, поэтому каждый текст в каждой эпохе проходит через весь энкодер, вперёд и назад. И энкодер может потерять то, что знал: защищает его только малость шагов.
#
# Задача — охранник из урока 2: обычное это сообщение (*ordinary*) или инъекция (*injection*)?
#
# **Сначала прогноз, потом измерение.** Какую долю новых сообщений угадает каждый метод после нескольких сотен размеченных? График в разделе 3.9 покажет ваши догадки пунктиром.

# %%
guess_extraction = None  # for example 0.70
guess_fine_tuning = None  # for example 0.75

# %% [markdown] lang="en"
# ## 3.2 Tokens by `map`
#
# `Dataset.map` calls a function on the rows and adds what it returns as new columns. With `batched=True` it hands over many rows at once, as a dictionary of lists, because the tokenizer is much faster that way:
#
# ```python
# data = data.map(tokenize, batched=True, fn_kwargs={"tokenizer": tokenizer})
# ```

# %% [markdown] lang="ru"
# ## 3.2 Токены через `map`
#
# `Dataset.map` вызывает функцию на строках и добавляет то, что она вернула, новыми столбцами. С `batched=True` он передаёт сразу много строк — словарём списков: так токенизатор работает намного быстрее:
#
# ```python
# data = data.map(tokenize, batched=True, fn_kwargs={"tokenizer": tokenizer})
# ```

# %%
from transformers import AutoConfig, AutoModel, AutoTokenizer

folder = model_folder(course.profile.encoder)  # stops if a digest differs
tokenizer = AutoTokenizer.from_pretrained(folder)
data = load_texts("guard", course.profile.max_texts)
data["train"][:2]

# %% [markdown] lang="en"
# ### Exercise 1: `tokenize`
# *Difficulty 1 of 4 · 5 minutes · 2 points*
#
# Cut texts that are longer than `max_length` tokens. Do **not** pad: 3.3 shows why.

# %% [markdown] lang="ru"
# ### Упражнение 1: `tokenize`
# *Сложность 1 из 4 · 5 минут · 2 балла*
#
# Тексты длиннее `max_length` токенов обрежьте. **Не** дополняйте: почему, покажет раздел 3.3.

# %% exercise="tokenize"
def tokenize(batch: dict[str, list], tokenizer, max_length: int = 128) -> dict[str, list]:
    """Turn a batch of rows into columns of token ids, for `map(..., batched=True)`.

    Args:
        batch: column name -> a value for each row; `batch["text"]` holds the texts.
        tokenizer: a transformers tokenizer.
        max_length: longer texts are cut to so many tokens, [CLS] and [SEP] included.

    Returns:
        at least `input_ids` and `attention_mask`: a list of ints for each text, not padded.
    """
    ### BEGIN SOLUTION
    return tokenizer(batch["text"], truncation=True, max_length=max_length)
    ### END SOLUTION

# %% check="tokenize" points=2
check("tokenize", tokenize)

# %%
def prepare(texts):
    """Add the columns that training needs."""
    longest = min(128, tokenizer.model_max_length)
    texts = texts.map(tokenize, batched=True, fn_kwargs={"tokenizer": tokenizer, "max_length": longest})
    return texts.map(lambda row: {"length": len(row["input_ids"])})


data = prepare(data)
print(tokenizer.convert_ids_to_tokens(data["train"][0]["input_ids"]))

# %% [markdown] lang="en"
# ## 3.3 Dynamic padding
#
# A batch is one tensor, so its texts must be equally long, and padding costs as much computing as real tokens. When is it added, and how much? Orange is text, grey is padding:

# %% [markdown] lang="ru"
# ## 3.3 Динамический padding
#
# Батч — один тензор, поэтому его тексты должны быть равной длины, а padding стоит столько же вычислений, сколько настоящие токены. Когда его добавляют и сколько? Оранжевое — текст, серое — padding:

# %%
figures.show("padding")

# %% [markdown] lang="en"
# Padding in `map` gives the picture on the left. Padding in the **collator**, the function that makes a batch from rows, gives the middle one: each batch only as long as its longest text. And if the sampler puts texts of similar length together, there is hardly any padding left. How much is it for our texts, in batches of 16?

# %% [markdown] lang="ru"
# Padding внутри `map` даёт картину слева. Padding в **коллаторе** — функции, которая собирает из строк батч, — даёт среднюю: каждый батч не длиннее своего самого длинного текста. А если сэмплер собирает вместе тексты похожей длины, padding почти не остаётся. Сколько его в наших текстах при батчах по 16?

# %%
def places(lengths: list[int], size: int = 16, least: int = 0) -> int:
    """Return how many tokens batches of `size` texts take, padding included."""
    batches = [lengths[i : i + size] for i in range(0, len(lengths), size)]
    return sum(len(batch) * max(*batch, least) for batch in batches)


lengths = data["train"]["length"][:]
ways = {"all to 128": places(lengths, least=128), "each batch to its longest": places(lengths)}
ways["batches of similar length"] = places(sorted(lengths))
for way, count in ways.items():
    print(f"{way:>26}: {count:,} places, {1 - sum(lengths) / count:.0%} of them padding")

# %% [markdown] lang="en"
# The collator of `transformers` for this is called `DataCollatorWithPadding`. Here it makes a batch of three rows; the zeros of the mask are its padding:

# %% [markdown] lang="ru"
# Нужный для этого коллатор `transformers` называется `DataCollatorWithPadding`. Вот он собирает батч из трёх строк; нули маски — это его padding:

# %%
from transformers import DataCollatorWithPadding

collate = DataCollatorWithPadding(tokenizer)
token_columns = ["input_ids", "attention_mask"]
collate(list(data["train"].select_columns(token_columns).select(range(3))))["attention_mask"]

# %% [markdown] lang="en"
# ## 3.4 Encoder and head
#
# Here is the usual first line of a tutorial on fine-tuning:
#
# ```python
# model = AutoModelForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=2)
# ```
#
# It loads the encoder and puts a new head on its [CLS] vector. The new head is random, so in the first steps it sends random corrections down into the encoder, and they spoil what is there; with few labels that can cost more than fine-tuning gains ([Kumar et al. 2022](https://arxiv.org/abs/2202.10054)). Their remedy is simple: fit the head first, with the encoder frozen, **then** train everything.
#
# So you start exactly where lesson 2 ended: masked mean, scaled to length 1, under a linear probe. A model that the Trainer can train is any module whose `forward` takes `labels` and returns a loss beside the logits:

# %% [markdown] lang="ru"
# ## 3.4 Энкодер и голова
#
# Вот обычная первая строка руководства по fine-tuning:
#
# ```python
# model = AutoModelForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=2)
# ```
#
# Она загружает энкодер и ставит новую голову на его вектор [CLS]. Новая голова случайна, поэтому на первых шагах она посылает вниз, в энкодер, случайные поправки, и они портят то, что там есть; при малом числе меток это может стоить больше, чем даёт fine-tuning ([Kumar et al. 2022](https://arxiv.org/abs/2202.10054)). Их средство простое: сначала подобрать голову при замороженном энкодере, **затем** обучать всё.
#
# Итак, вы начинаете ровно там, где закончился урок 2: среднее с маской, приведённое к длине 1, под линейной пробой. Trainer умеет обучать любой модуль, чей `forward` принимает `labels` и вместе с логитами возвращает функцию потерь:

# %%
from transformers.modeling_outputs import SequenceClassifierOutput


class Classifier(nn.Module):
    """An encoder under a linear head on the mean of its token vectors."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, 2)

    def forward(self, input_ids, attention_mask, labels=None) -> SequenceClassifierOutput:
        logits = self.head(mean_vectors(self.encoder, input_ids, attention_mask))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)

# %%
def mean_vectors(encoder, input_ids, attention_mask) -> torch.Tensor:
    """Return lesson 2's features: the masked mean of the last hidden states, of length 1."""
    hidden = encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    mask = attention_mask.unsqueeze(-1)
    return nn.functional.normalize((hidden * mask).sum(dim=1) / mask.sum(dim=1))


def new_encoder(pretrained: bool = True) -> nn.Module:
    """Return the encoder, pre-trained or with random weights, without dropout and pooler."""
    config = AutoConfig.from_pretrained(folder)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    if pretrained:
        encoder = AutoModel.from_pretrained(folder, config=config, add_pooling_layer=False)
    else:
        encoder = AutoModel.from_config(config, add_pooling_layer=False)
    return encoder.to(course.device)

# %% [markdown] lang="en"
# (Dropout makes a network train on a thinned copy of itself. Over many epochs it guards against learning by heart; for the few steps of this lesson it only slows things down.)
#
# Two functions read a model in batches, and one fits the head:

# %% [markdown] lang="ru"
# (Dropout заставляет сеть учиться на прореженной копии самой себя. За много эпох это защищает от зубрёжки; на немногих шагах этого урока — только замедляет.)
#
# Две функции читают модель батчами, ещё одна подбирает голову:

# %%
def batches(rows, size: int = 64):
    """Yield rows as padded batches on the course's device."""
    rows = rows.select_columns(token_columns)
    for start in range(0, len(rows), size):
        part = rows.select(range(start, min(start + size, len(rows))))
        yield collate(list(part)).to(course.device)


@torch.inference_mode()
def encode(encoder, rows) -> np.ndarray:
    encoder.eval()
    return torch.cat([mean_vectors(encoder, **b).float().cpu() for b in batches(rows)]).numpy()

# %%
@torch.inference_mode()
def predict(model, rows) -> np.ndarray:
    model.eval()
    return torch.cat([model(**batch).logits.float().cpu() for batch in batches(rows)]).numpy()


def fit_head(model: Classifier, rows) -> Classifier:
    """Give the head the coefficients of a linear probe on the encoder's present features."""
    probe = LogisticRegression(max_iter=1000).fit(encode(model.encoder, rows), rows["label"][:])
    for part, learned in ((model.head.weight, probe.coef_), (model.head.bias, probe.intercept_)):
        part.data.copy_(torch.tensor(np.concatenate([-learned, learned]) / 2))
    return model.to(course.device)

# %% [markdown] lang="en"
# ## 3.5 What to report
#
# Accuracy treats all mistakes alike. Whoever runs a guard does not: a **missed** injection is a breach, a **false alarm** annoys an honest customer. If only one message in a hundred is an attack, a guard that always says *ordinary* has an accuracy of 99 % and is useless.
#
# ### Exercise 2: `compute_metrics`
# *Difficulty 2 of 4 · 8 minutes · 3 points*
#
# The Trainer calls this function with all predictions at once. `prediction.predictions` are **logits**, two numbers a text; the larger one names the class. Label 1 is *injection*.
#
# <details><summary>Hint</summary>
#
# `labels == 1` is a mask, and `wrong[labels == 1]` are the mistakes among the injections. The mean of an array of true and false is the share of true.
#
# </details>

# %% [markdown] lang="ru"
# ## 3.5 Что сообщать
#
# Для accuracy все ошибки равны. Для того, кто держит охранника, — нет: **пропущенная** инъекция — это взлом, а **ложная тревога** сердит честного клиента. Если атака — лишь одно сообщение из ста, охранник, который всегда говорит *ordinary*, имеет точность 99 % и бесполезен.
#
# ### Упражнение 2: `compute_metrics`
# *Сложность 2 из 4 · 8 минут · 3 балла*
#
# Trainer вызывает эту функцию сразу со всеми предсказаниями. `prediction.predictions` — это **логиты**, два числа на текст; больший называет класс. Метка 1 — *injection*.
#
# <details><summary>Подсказка</summary>
#
# `labels == 1` — маска, а `wrong[labels == 1]` — ошибки среди инъекций. Среднее массива из «верно» и «неверно» — доля «верно».
#
# </details>

# %%
from transformers import EvalPrediction

example = EvalPrediction(predictions=np.array([[2.0, -1.0], [-3.0, -0.5]]), label_ids=np.array([0, 0]))
print("logits of two texts:", example.predictions.tolist(), "labels:", example.label_ids.tolist())

# %% exercise="compute_metrics"
def compute_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """Judge predictions, as the Trainer asks for it.

    Args:
        prediction: `predictions` holds logits, (n, 2), and `label_ids` labels, (n,); NumPy arrays.

    Returns:
        shares between 0 and 1: `accuracy`, of all texts that came out right; `missed`, of the
        injections that were called ordinary; `false_alarms`, of the ordinary texts that were
        called injections.
    """
    ### BEGIN SOLUTION
    labels = prediction.label_ids
    wrong = prediction.predictions.argmax(axis=-1) != labels
    return {
        "accuracy": float(1 - wrong.mean()),
        "missed": float(wrong[labels == 1].mean()),
        "false_alarms": float(wrong[labels == 0].mean()),
    }
    ### END SOLUTION

# %% check="compute_metrics" points=3
check("compute_metrics", compute_metrics)

# %% [markdown] lang="en"
# ## 3.6 The Trainer
#
# A training loop is always the same: take a batch, compute the loss, go backwards, take a step, lower the learning rate a little, repeat. `Trainer` is that loop, and `TrainingArguments` are its settings. Tutorials often show this much of it:
#
# ```python
# training_args = TrainingArguments(
#     output_dir="./results",
#     learning_rate=2e-5,
#     num_train_epochs=3,
#     per_device_train_batch_size=16,
# )
# trainer = Trainer(model=model, args=training_args, train_dataset=train_dataset, eval_dataset=eval_dataset)
# ```
#
# It works, with defaults that you should know:

# %% [markdown] lang="ru"
# ## 3.6 Trainer
#
# Цикл обучения всегда один и тот же: взять батч, вычислить функцию потерь, пройти назад, сделать шаг, немного снизить learning rate, повторить. `Trainer` — это такой цикл, а `TrainingArguments` — его настройки. В руководствах часто показывают вот столько:
#
# ```python
# training_args = TrainingArguments(
#     output_dir="./results",
#     learning_rate=2e-5,
#     num_train_epochs=3,
#     per_device_train_batch_size=16,
# )
# trainer = Trainer(model=model, args=training_args, train_dataset=train_dataset, eval_dataset=eval_dataset)
# ```
#
# Это работает, но о значениях по умолчанию стоит знать:

# %%
from transformers import PrinterCallback, Trainer, TrainingArguments

defaults = TrainingArguments(tempfile.mkdtemp())
for name in ("warmup_steps", "train_sampling_strategy", "save_strategy", "lr_scheduler_type"):
    print(f"{name:>24}: {getattr(defaults, name)}")

# %% [markdown] lang="en"
# So the first step is taken at the full learning rate, although the head is still random; batches mix long and short texts; a checkpoint is written, with the optimizer's state. And without a function for it, `evaluate()` reports nothing but the loss.
#
# ### Exercise 3: `build_trainer`
# *Difficulty 3 of 4 · 12 minutes · 4 points*
#
# Four settings mend this: `warmup_steps=0.1` (a number below 1 is a share of all steps), `train_sampling_strategy="group_by_length"`, `save_strategy="no"`, and your `compute_metrics`. The collator is `DataCollatorWithPadding(tokenizer)`. Do not call `train()` yet.
#
# <details><summary>Hint: where does each thing go?</summary>
#
# Numbers and strings go into `TrainingArguments`, along with `**options`. Objects (model, data, collator, `compute_metrics`) go into `Trainer`. An `output_dir` that nobody writes to can be `tempfile.mkdtemp()`.
#
# </details>

# %% [markdown] lang="ru"
# Значит, первый шаг делается с полным learning rate, хотя голова ещё случайна; в батчах перемешаны длинные и короткие тексты; на диск пишется чекпойнт вместе с состоянием оптимизатора. А `evaluate()` без особой функции сообщает одну лишь функцию потерь.
#
# ### Упражнение 3: `build_trainer`
# *Сложность 3 из 4 · 12 минут · 4 балла*
#
# Это исправляют четыре настройки: `warmup_steps=0.1` (число меньше 1 — доля от всех шагов), `train_sampling_strategy="group_by_length"`, `save_strategy="no"` и ваша `compute_metrics`. Коллатор — `DataCollatorWithPadding(tokenizer)`. `train()` пока не вызывайте.
#
# <details><summary>Подсказка: что куда?</summary>
#
# Числа и строки идут в `TrainingArguments`, вместе с `**options`. Объекты (модель, данные, коллатор, `compute_metrics`) — в `Trainer`. Для `output_dir`, куда никто не пишет, годится `tempfile.mkdtemp()`.
#
# </details>

# %% exercise="build_trainer"
def build_trainer(
    model: nn.Module,
    tokenizer,
    train,
    test,
    *,
    learning_rate: float,
    epochs: float,
    batch_size: int,
    seed: int,
    **options,
) -> Trainer:
    """Set up the fine-tuning of a classifier, without starting it.

    The learning rate rises over the first tenth of the steps and then falls linearly to 0.
    Batches hold texts of similar length and are padded to their longest. No checkpoint is
    written. `evaluate()` reports what `compute_metrics` returns.

    Args:
        train, test: tokenized rows with the column `label`.
        options: further `TrainingArguments`, handed on as they are.
    """
    ### BEGIN SOLUTION
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        learning_rate=learning_rate,
        num_train_epochs=epochs,
        per_device_train_batch_size=batch_size,
        per_device_eval_batch_size=64,
        seed=seed,
        warmup_steps=0.1,
        train_sampling_strategy="group_by_length",
        save_strategy="no",
        **options,
    )
    return Trainer(
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=test,
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=compute_metrics,
    )
    ### END SOLUTION

# %% check="build_trainer" points=4
check("build_trainer", build_trainer)

# %% [markdown] lang="en"
# Labelled texts are drawn just as in lesson 2, so that both lessons compare on the same draws. Everything that is only read, not trained on, is sorted by length once: that saves padding every time.

# %% [markdown] lang="ru"
# Размеченные тексты выбираются так же, как в уроке 2, чтобы оба урока сравнивали методы на одних и тех же выборках. Всё, что только читают, а не используют для обучения, отсортировано по длине один раз: это каждый раз экономит padding.

# %%
def draw(count: int, number: int):
    """Return `count` training texts, chosen at random with equal shares of both labels."""
    y = np.array(data["train"]["label"])
    draws = StratifiedShuffleSplit(number + 1, train_size=count, random_state=0).split(y, y)
    rows = [chosen for chosen, _ in draws][number]
    return by_length(data["train"].select(rows))


def by_length(rows):
    return rows.select(np.argsort(rows["length"][:], kind="stable"))


test, validation = by_length(data["test"]), by_length(data["validation"])
train = draw(course.profile.tuning_counts[-1], 0)

# %% [markdown] lang="en"
# The first run, with the Trainer's own report. The loss of a coin is 0.69; watch where it goes.

# %% [markdown] lang="ru"
# Первый запуск, с собственным отчётом Trainer. У монетки функция потерь равна 0,69; посмотрите, куда она движется.

# %%
settings = {"learning_rate": course.profile.learning_rate, "epochs": 1, "batch_size": 16, "seed": 0}
machine = {"bf16": course.bf16, "dataloader_pin_memory": course.device == "cuda"}
model = fit_head(Classifier(new_encoder()), train)
trainer = build_trainer(
    model, tokenizer, train, validation, **settings, **machine, logging_steps=4
)
at_first = trainer.evaluate()
_ = trainer.train()

# %%
reports = {"head alone": at_first, "everything": trainer.evaluate()}
shown = ["eval_loss", "eval_accuracy", "eval_missed", "eval_false_alarms"]
pd.DataFrame(reports).loc[shown].T.round(3)

# %% [markdown] lang="en"
# ## 3.7 Why a small learning rate?
#
# The pre-trained weights are already a good place. A learning rate says how far each step leads away from it:

# %% [markdown] lang="ru"
# ## 3.7 Почему learning rate мал?
#
# Pre-trained веса — уже хорошее место. Learning rate говорит, как далеко от него уводит каждый шаг:

# %%
figures.show("step_sizes")

# %% [markdown] lang="en"
# Too small is easily seen: the guard hardly moves in the time it has. Too large is worse than it looks. The big steps do not only miss the valley, they also overwrite what pre-training had put into the weights. This is called **catastrophic forgetting**, and it can be measured: after fine-tuning on the *guard*, freeze the encoder again and ask, as in lesson 2, what a fresh linear head can read off it about the *reviews*, a task it was never tuned for.

# %% [markdown] lang="ru"
# Слишком малый заметить легко: за отведённое время охранник почти не сдвигается. Слишком большой хуже, чем кажется. Большие шаги не только проскакивают долину, но и затирают то, что вложил в веса pre-training. Это называется **катастрофическим забыванием**, и его можно измерить: после fine-tuning на *охраннике* снова заморозьте энкодер и спросите, как в уроке 2, что новая линейная голова может прочесть в нём об *отзывах* — задаче, под которую его не настраивали.

# %%
def accuracy(logits: np.ndarray, rows) -> float:
    return compute_metrics(EvalPrediction(logits, np.array(rows["label"])))["accuracy"]


reviews = prepare(load_texts(course.profile.reviews, course.profile.max_texts))
few_reviews = by_length(reviews["train"].select(range(min(128, len(reviews["train"])))))
more_reviews = by_length(reviews["validation"])


def knows_about_reviews(encoder) -> float:
    """Return the accuracy of a fresh linear head on the encoder's frozen features."""
    head = LogisticRegression(max_iter=1000).fit(encode(encoder, few_reviews), few_reviews["label"][:])
    return head.score(encode(encoder, more_reviews), more_reviews["label"][:])


# %%
untouched = new_encoder()
before = {"reviews: what is left": knows_about_reviews(untouched)}
before

# %% [markdown] lang="en"
# Now three learning rates, each ten times the one before, everything else equal. **Predict:** which one will be best on the guard, and what will be left of the reviews?

# %% [markdown] lang="ru"
# Теперь три learning rate, каждый в десять раз больше предыдущего, всё остальное одинаково. **Прогноз:** какой окажется лучшим для охранника и что останется от отзывов?

# %%
quiet = {"disable_tqdm": True, "logging_strategy": "no", **machine}


def train_all(model: Classifier, rows, number: int, **changes) -> Classifier:
    """Train every weight of a classifier on the rows; `number` seeds the order of the batches."""
    chosen = {**settings, "seed": number, **changes}
    trainer = build_trainer(model, tokenizer, rows, validation, **chosen, **quiet)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return model


def fine_tune(rows, number: int, **changes) -> Classifier:
    return train_all(fit_head(Classifier(new_encoder()), rows), rows, number, **changes)

# %%
sweep = {"guard: what was learned": {}, "reviews: what is left": {}}
for rate in tqdm(course.profile.sweep, desc="learning rates"):
    known = rate == settings["learning_rate"]  # that one was trained in 3.6
    tuned = model if known else fine_tune(train, 0, learning_rate=rate)
    sweep["guard: what was learned"][rate] = accuracy(predict(tuned, validation), validation)
    sweep["reviews: what is left"][rate] = knows_about_reviews(tuned.encoder)

# %%
plots.learning_rates(sweep, before)

# %% [markdown] lang="en"
# The dotted line is what the encoder knew about reviews before it was touched.
#
# - On the left little happens: the guard gains less on its fitted head than it could, and the reviews stay about where they were.
# - On the right the encoder is **broken**: the guard is at a coin's level, and most of what it knew about reviews is gone as well. More epochs would not bring that back; only pre-training would.
# - Between them lies a window. It depends on the model, the number of steps and the batch size: the authors of BERT recommend 2e-5 to 5e-5 for BERT-base with thousands of examples ([Devlin et al. 2019](https://arxiv.org/abs/1810.04805), appendix A.3). Our encoder is narrower and gets only a few dozen steps, so its window lies higher. Do not copy a learning rate: sweep it, in factors, on **validation** texts, as this picture does.

# %% [markdown] lang="ru"
# Пунктир — то, что энкодер знал об отзывах, пока его не трогали.
#
# - Слева меняется немногое: охранник прибавляет к подобранной голове меньше, чем мог бы, а отзывы остаются примерно на месте.
# - Справа энкодер **сломан**: охранник на уровне монетки, и большая часть того, что он знал об отзывах, тоже пропала. Новые эпохи этого не вернут; вернул бы только pre-training.
# - Между ними лежит окно. Оно зависит от модели, числа шагов и размера батча: авторы BERT советуют от 2e-5 до 5e-5 для BERT-base и тысяч примеров ([Devlin et al. 2019](https://arxiv.org/abs/1810.04805), приложение A.3). Наш энкодер у́же и делает всего несколько десятков шагов, поэтому его окно лежит выше. Не списывайте learning rate: переберите его с кратным шагом на **валидационных** текстах, как на этом рисунке.

# %% [markdown] lang="en"
# ## 3.8 Measuring a method
#
# A comparison needs the price as well as the quality: time, memory, and how much is trained. Memory is the difficult one. The number that an operating system shows belongs to the *process*: it contains the libraries and everything that earlier cells left behind, and its high-water mark never falls. `PeakMemory` counts the tensors that live during one `with` block, and nothing else (on a GPU it asks CUDA's allocator):
#
# ```python
# with PeakMemory(device) as peak:
#     ...
# peak.bytes  # known when the block has ended
# ```
#
# ### Exercise 4: `measure`
# *Difficulty 2 of 4 · 10 minutes · 4 points*
#
# Run a method once and return what it cost. Both time and memory are those of **training**; the test comes after. For time, take `time.perf_counter()`.

# %% [markdown] lang="ru"
# ## 3.8 Измерить метод
#
# Для сравнения нужна не только польза, но и цена: время, память и то, сколько обучается. Труднее всего с памятью. Число, которое показывает операционная система, относится к *процессу*: в нём и библиотеки, и всё, что оставили прежние ячейки, а его максимум никогда не снижается. `PeakMemory` считает тензоры, живущие внутри одного блока `with`, и ничего больше (на GPU он спрашивает аллокатор CUDA):
#
# ```python
# with PeakMemory(device) as peak:
#     ...
# peak.bytes  # known when the block has ended
# ```
#
# ### Упражнение 4: `measure`
# *Сложность 2 из 4 · 10 минут · 4 балла*
#
# Выполните метод один раз и верните его цену. И время, и память — это время и память **обучения**; проверка идёт после. Для времени возьмите `time.perf_counter()`.

# %%
from lessonkit.measuring import PeakMemory

with PeakMemory(course.device) as peak:
    torch.zeros(1_000_000, device=course.device)
print(f"{peak.bytes:,} bytes")

# %% exercise="measure"
def measure(train, evaluate, device: str) -> dict[str, float]:
    """Run a method once and measure it.

    Args:
        train: called without arguments, makes a model, trains it and returns it.
        evaluate: called with the trained model, returns its test accuracy.
        device: where `train` computes, such as "cpu" or "cuda".

    Returns:
        `seconds` and `peak_mb` of training (1 MB = 1,000,000 bytes), `trained`, the number of
        trained parameters, `share`, trained by all parameters, from 0 to 1, and `accuracy`.
    """
    ### BEGIN SOLUTION
    with PeakMemory(device) as peak:
        start = time.perf_counter()
        model = train()
    seconds = time.perf_counter() - start
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {
        "seconds": seconds,
        "peak_mb": peak.bytes / 1e6,
        "trained": trained,
        "share": trained / sum(p.numel() for p in model.parameters()),
        "accuracy": evaluate(model),
    }
    ### END SOLUTION

# %% check="measure" points=4
check("measure", measure)

# %% [markdown] lang="en"
# ## 3.9 Practical task 1: three ways on the same texts
#
# | method | encoder starts | what is trained |
# |---|---|---|
# | random start | with random weights | everything |
# | feature extraction | pre-trained, frozen | the head (lesson 2's linear probe) |
# | full fine-tuning | pre-trained | everything |
#
# The yardstick is TF-IDF again. Note that full fine-tuning *contains* feature extraction: it begins with the fitted head. Random start takes as long as fine-tuning, so it gets the first draw only.

# %% [markdown] lang="ru"
# ## 3.9 Практическое задание 1: три способа на одних и тех же текстах
#
# | метод | энкодер в начале | что обучается |
# |---|---|---|
# | random start | со случайными весами | всё |
# | feature extraction | pre-trained, заморожен | голова (линейная проба из урока 2) |
# | full fine-tuning | pre-trained | всё |
#
# Точка отсчёта — снова TF-IDF. Обратите внимание: full fine-tuning *содержит* feature extraction, с подобранной головы оно и начинается. Random start идёт столько же времени, сколько fine-tuning, поэтому ему достаётся только первая выборка.

# %%
def from_random(rows, number: int, **changes) -> Classifier:
    torch.manual_seed(number)
    model = Classifier(new_encoder(pretrained=False)).to(course.device)
    return train_all(model, rows, number, **changes)


def extract(rows, _number: int, **_settings) -> Classifier:
    """Fit a head on a frozen encoder: nothing in it is random, and it takes one pass."""
    return fit_head(Classifier(new_encoder().requires_grad_(False)), rows)


methods = {"random start": from_random, "feature extraction": extract, "full fine-tuning": fine_tune}
test_labels = np.array(test["label"])
results, right = {}, {}
epochs_for = dict(zip(course.profile.tuning_counts, course.profile.tuning_epochs))
test_vectors = torch.tensor(encode(untouched, test)).to(course.device)


def logits_on_test(model: Classifier) -> np.ndarray:
    if any(p.requires_grad for p in model.encoder.parameters()):
        return predict(model, test)
    return model.head(test_vectors).detach().cpu().numpy()  # frozen: always the same vectors

# %%
def run(method: str, count: int, draws: int = course.profile.tuning_draws) -> None:
    """Measure a method on draws of `count` labelled texts."""
    results[method, count], right[method, count] = [], []
    for number in tqdm(range(draws), desc=f"{method}, {count} labels"):
        rows = draw(count, number)

        def evaluate(model) -> float:
            logits = logits_on_test(model)
            right[method, count].append(logits.argmax(-1) == test_labels)
            return accuracy(logits, test)

        def train() -> Classifier:
            return methods[method](rows, number, epochs=epochs_for[count])

        results[method, count].append(measure(train, evaluate, course.device))

# %%
most = course.profile.tuning_counts[-1]
run("full fine-tuning", most)

# %%
run("random start", most, draws=1)

# %%
for count in course.profile.tuning_counts:
    run("feature extraction", count)

words = {}
for count in course.profile.tuning_counts:
    fits = []
    for number in range(course.profile.tuning_draws):
        rows = draw(count, number)
        classifier = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))
        fits.append(classifier.fit(rows["text"][:], rows["label"][:]).score(test["text"][:], test_labels))
    words[count] = fits

# %%
scores = {method: [row["accuracy"] for row in results[method, most]] for method in methods}
scores["word counts"] = words[most]
pd.DataFrame({name: pd.Series(found) for name, found in scores.items()}).T.add_prefix("draw ").round(3)

# %% [markdown] lang="en"
# Each column is one draw of labelled texts, the same for all methods. Before you read the winner off, ask how sure you may be.
#
# ### Exercise 5: `compare`
# *Difficulty 3 of 4 · 10 minutes · 3 points*
#
# The draws differ in difficulty, for all methods alike; so subtract **draw by draw** and look at the differences alone. With $n$ differences of mean $m$ and standard deviation $s$ (divided by $n-1$), the true mean lies in 95 % of cases within
#
# $$m \pm t \cdot \frac{s}{\sqrt{n}}$$
#
# where $t$ is Student's quantile, `stats.t.ppf(0.975, n - 1)`: 4.30 for three draws, 2.26 for ten, and the familiar 1.96 only for very many. If the interval contains 0, the winner is *unclear*.

# %% [markdown] lang="ru"
# Каждый столбец — одна выборка размеченных текстов, общая для всех методов. Прежде чем назвать победителя, спросите, насколько можно быть уверенным.
#
# ### Упражнение 5: `compare`
# *Сложность 3 из 4 · 10 минут · 3 балла*
#
# Выборки различаются трудностью, причём для всех методов сразу; поэтому вычитайте **выборку за выборкой** и смотрите только на разности. Если у $n$ разностей среднее $m$ и стандартное отклонение $s$ (с делением на $n-1$), то истинное среднее в 95 % случаев лежит в пределах
#
# $$m \pm t \cdot \frac{s}{\sqrt{n}}$$
#
# где $t$ — квантиль Стьюдента, `stats.t.ppf(0.975, n - 1)`: 4,30 для трёх выборок, 2,26 для десяти и привычные 1,96 лишь для очень многих. Если интервал содержит 0, победитель неясен (*unclear*).

# %% exercise="compare"
def compare(first: list[float], second: list[float]) -> dict[str, float | str]:
    """Compare two methods that were measured on the same draws.

    Args:
        first, second: accuracies, one for each draw, in the same order; at least two draws.

    Returns:
        `difference`: mean of first minus second; `low` and `high`: its 95 % interval by Student's
        t; `winner`: "first" if the interval lies above 0, "second" if below, else "unclear".
    """
    ### BEGIN SOLUTION
    differences = np.array(first) - np.array(second)
    n = len(differences)
    mean = differences.mean()
    half = stats.t.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n)
    winner = "first" if mean > half else "second" if mean < -half else "unclear"
    return {"difference": mean, "low": mean - half, "high": mean + half, "winner": winner}
    ### END SOLUTION

# %% check="compare" points=3
check("compare", compare)

# %%
pairs = [
    ("full fine-tuning", "feature extraction"),
    ("feature extraction", "word counts"),
]
for first, second in pairs:
    verdict = compare(scores[first], scores[second])
    named = {"first": first, "second": second}.get(verdict["winner"], "unclear")
    print(
        f"{first} − {second}: {verdict['difference']:+.3f}, "
        f"95 % from {verdict['low']:+.3f} to {verdict['high']:+.3f}: {named}"
    )

# %% [markdown] lang="en"
# Two things these intervals do not contain. All draws were tested on the **same** test texts, so luck in choosing those is not in it: with $n$ of them the standard error of an accuracy $a$ is $\sqrt{a(1-a)/n}$, nearly two points for ours. And a recipe that was tuned on the test texts would look better than it is. (The learning rate of this lesson was chosen among a handful with these very texts in sight, so take the size of the lead with some salt, its sign less so.)
#
# ## 3.10 How many labels does it take?
#
# The same with fewer labels. The number of epochs changes with the number of labels: fewer texts are passed over more often. Random start is left out here; it would cost as much time as fine-tuning and show what you have just seen.

# %% [markdown] lang="ru"
# Двух вещей в этих интервалах нет. Все выборки проверены на **одних и тех же** тестовых текстах, и везение при их выборе сюда не входит: если их $n$, стандартная ошибка точности $a$ равна $\sqrt{a(1-a)/n}$, для наших — почти два пункта. И рецепт, настроенный на тестовых текстах, выглядел бы лучше, чем есть. (Learning rate этого урока выбран из горстки значений с оглядкой именно на эти тексты, так что величине отрыва верьте с осторожностью, его знаку — смелее.)
#
# ## 3.10 Сколько нужно меток?
#
# То же самое с меньшим числом меток. Число эпох меняется вместе с числом меток: если текстов меньше, их проходят чаще. Random start здесь пропущен: он стоил бы столько же времени, сколько fine-tuning, и показал бы то, что вы уже видели.

# %%
for count in course.profile.tuning_counts[:-1]:
    if epochs_for[count]:
        run("full fine-tuning", count)

# %%
def mean_and_std(values: list[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


curves = {"word counts": {count: mean_and_std(words[count]) for count in words}}
for (method, count), rows in sorted(results.items()):
    curves.setdefault(method, {})[count] = mean_and_std([row["accuracy"] for row in rows])

guesses = {"feature extraction": guess_extraction, "full fine-tuning": guess_fine_tuning}
plots.label_curves({"guard": curves}, guesses)

# %% [markdown] lang="en"
# Follow the curves of the two pre-trained methods from right to left. With many labels the encoder's own learning pays. With few there is little to learn from: millions of weights follow a handful of texts, the gain shrinks into the error bars, and what you pay for it does not shrink with it. A frozen encoder with its 770 numbers is then hard to beat. Where the one passes the other depends on model and task; measure it.
#
# ## 3.11 The table, by measurement
#
# Textbooks print a table like this one:
#
# | approach | trainable params | data needed | quality |
# |---|---|---|---|
# | feature extraction | ~1 % | little | good |
# | fine-tuning | 100 % | medium | excellent |
# | PEFT (LoRA) | ~1–5 % | little | excellent |
#
# Here it is with your own numbers. *Data needed* is the smallest of our label counts with which a method's mean accuracy reaches 75 %. The row of LoRA is lesson 4's.

# %% [markdown] lang="ru"
# Проследите кривые обоих pre-trained методов справа налево. Когда меток много, обучение самого энкодера окупается. Когда мало, учиться почти не на чем: миллионы весов идут за горсткой текстов, выигрыш тонет в планках погрешностей, а цена вместе с ним не уменьшается. Замороженный энкодер с его 770 числами тогда трудно обойти. Где один обгонит другого, зависит от модели и задачи; измеряйте.
#
# ## 3.11 Таблица по измерениям
#
# В учебниках печатают вот такую таблицу:
#
# | подход | trainable params | data needed | quality |
# |---|---|---|---|
# | feature extraction | ~1 % | мало | хорошо |
# | fine-tuning | 100 % | средне | отлично |
# | PEFT (LoRA) | ~1–5 % | мало | отлично |
#
# Вот она с вашими собственными числами. *Data needed* — наименьшее из наших чисел меток, при котором средняя точность метода достигает 75 %. Строка LoRA появится в уроке 4.

# %%
def labels_needed(curve: dict[int, tuple[float, float]], target: float = 0.75) -> str:
    enough = [count for count, (mean, _) in sorted(curve.items()) if mean >= target]
    return f"{enough[0]}" if enough else f"more than {max(curve)}"


table = {}
for method in methods:
    rows = pd.DataFrame(results[method, most])
    mean, std = curves[method][most]
    cost = {name: rows[name].mean() for name in ("trained", "share", "seconds", "peak_mb")}
    table[method] = {**cost, "accuracy": mean, "std": std, "labels": labels_needed(curves[method])}

# %%
view = pd.DataFrame(table).T
view["trained"] = [f"{n:,.0f}" for n in view["trained"]]
view["share"] = [f"{100 * share:.4f} %" for share in view["share"]]
view["seconds"] = [f"{s:.1f}" for s in view["seconds"]]
view["peak_mb"] = [f"{mb:,.0f}" for mb in view["peak_mb"]]
spread = [f" ± {s:.3f}" if s else ", one draw" for s in view.pop("std")]
view["accuracy"] = [f"{a:.3f}{s}" for a, s in zip(view["accuracy"], spread)]
view.rename(columns={"labels": "labels for 75 %", "peak_mb": "peak MB"})

# %%
plots.cost_and_quality(table)

# %% [markdown] lang="en"
# How to read it:
#
# - **Trained parameters.** "About 1 %" was far off for feature extraction: a head is a few thousandths of a per cent.
# - **Memory.** Full fine-tuning keeps four numbers for each weight: the weight, its gradient and two moments of the optimizer. 4 × 4 bytes × 22.6 million are 361 MB, before any activations. A frozen encoder keeps one. For a model of billions of parameters this line decides what you can do at all; lesson 4 starts there.
# - **Time.** Fine-tuning and random start cost the same: the start does not make a step cheaper, only better.
# - **Quality.** Random start is what the same training is worth without pre-training.
#
# ## 3.12 What has it learned?
#
# Lesson 2 ended with the kinds of messages that a frozen encoder cannot tell apart. Does the tuned one? Shares over all draws with the most labels, ± standard error:

# %% [markdown] lang="ru"
# Как её читать:
#
# - **Обучаемые параметры.** «Около 1 %» для feature extraction — мимо: голова — это несколько тысячных процента.
# - **Память.** Full fine-tuning хранит для каждого веса четыре числа: сам вес, градиент и два момента оптимизатора. 4 × 4 байта × 22,6 миллиона — это 361 МБ, и это ещё без активаций. Замороженный энкодер хранит одно. Для модели с миллиардами параметров эта строка решает, что вам вообще по силам; с неё начнётся урок 4.
# - **Время.** Fine-tuning и random start стоят одинаково: хорошее начало делает шаг не дешевле, а только лучше.
# - **Качество.** Random start — это цена того же обучения без pre-training.
#
# ## 3.12 Чему она научилась?
#
# Урок 2 закончился видами сообщений, которые замороженный энкодер различить не может. А дообученный? Доли по всем выборкам с наибольшим числом меток, ± стандартная ошибка:

# %%
kinds = np.array(test["kind"])


def by_kind(method: str) -> dict[str, tuple[float, float]]:
    shares = np.mean(right[method, most], axis=0)  # for each test text, over the draws
    parts = {kind: shares[kinds == kind] for kind in sorted(set(kinds))}
    return {kind: (part.mean(), part.std() / len(part) ** 0.5) for kind, part in parts.items()}


plots.paired_bars(
    {method: by_kind(method) for method in ("feature extraction", "full fine-tuning")},
    "share of test texts classified right",
)

# %% [markdown] lang="en"
# Look for the kinds in which the bars part by more than their error bars. There the encoder has learned to look at something that it did not look at before. And where fine-tuning gained nothing, more of the same texts will probably not help either.
#
# ## Quiz

# %% [markdown] lang="ru"
# Найдите виды, в которых столбцы расходятся сильнее своих планок погрешностей. Там энкодер научился смотреть на то, на что раньше не смотрел. А где fine-tuning ничего не дал, вряд ли помогут и новые тексты того же рода.
#
# ## Тест

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
# - **Full fine-tuning** corrects every weight of the pre-trained model by your labels. `Trainer` is the loop, `TrainingArguments` its settings; know its defaults before you trust them.
# - Pad in the collator, not in `map`, and batch texts of similar length: less to compute, same result.
# - The learning rate is a matter of factors. Too small teaches nothing; too large destroys what pre-training had put in, for every task at once.
# - Report what the user pays for: missed attacks and false alarms, not accuracy alone.
# - Measure a method's own time and memory. Training everything takes four numbers for each weight.
# - Compare on the same draws, difference by difference. With three draws an interval is wide, and that is the truth about three draws.
# - With few labels a frozen encoder is hard to beat; with more, fine-tuning pulls ahead. **LoRA**, the next lesson, tries to have both: nearly all of the quality, and next to none of the memory.

# %% [markdown] lang="ru"
# ## Итоги
#
# - **Full fine-tuning** исправляет по вашим меткам каждый вес pre-trained модели. `Trainer` — цикл, `TrainingArguments` — его настройки; прежде чем доверять значениям по умолчанию, узнайте их.
# - Дополняйте в коллаторе, а не в `map`, и собирайте в батч тексты похожей длины: вычислений меньше, результат тот же.
# - Learning rate подбирают на порядки. Слишком малый ничему не учит; слишком большой разрушает вложенное pre-training — сразу для всех задач.
# - Сообщайте то, за что платит пользователь: пропущенные атаки и ложные тревоги, а не одну лишь точность.
# - Измеряйте время и память самого метода. Когда обучается всё, на каждый вес приходится четыре числа.
# - Сравнивайте на одних и тех же выборках, разность за разностью. На трёх выборках интервал широк, и это правда о трёх выборках.
# - При малом числе меток замороженный энкодер трудно обойти; когда их больше, fine-tuning вырывается вперёд. **LoRA**, следующий урок, пытается взять и то и другое: почти всё качество и почти ничего от памяти.
